"""A Gorgias: lists by cursor, newest first, in which tickets that change move to the top while they are read."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.sources.fake_api import Answer, Asked, FakeApi

USERNAME, KEY = "someone@shop.example", "key_canary"
MADE = datetime(2026, 5, 1, 10, tzinfo=UTC)
ORDERS = {
    "tickets": {"created_datetime", "updated_datetime"},
    "messages": {"created_datetime"},
    "satisfaction-surveys": {"created_datetime"},
}
FILTERS = {"tickets": {"customer_id", "external_id", "trashed"}, "messages": {"ticket_id"}}


class FakeGorgias(FakeApi):
    """`per_second`: calls a second. `repeats`: a page begins with the last record of the one before.

    `era`: cursors of an earlier one are not taken any more. `page`: records of a page at most, whatever was asked for.
    """

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.records: dict[str, dict[int, dict[str, Any]]] = {name: {} for name in ORDERS}
        self.repeats, self.per_second, self.page, self.may_read = False, 10**9, 100, set(ORDERS)
        self.era = 1
        self.without: set[str] = set()  # lists that are not there
        self.unordered: set[str] = set()  # lists that take no order, and have one of their own
        self._recent: list[float] = []

    def answer(self, asked: Asked) -> Answer:
        given = base64.b64encode(f"{USERNAME}:{KEY}".encode()).decode()
        name = asked.path.removeprefix("/api/")
        if name not in ORDERS or name in self.without or not asked.path.startswith("/api/"):
            return Answer(404, {"error": {"msg": "Resource not found"}})
        if asked.headers.get("authorization") != f"Basic {given}":
            return Answer(401, {"error": {"msg": "The server could not verify that you are authorized."}})
        if name not in self.may_read:
            return Answer(403, {"error": {"msg": "You are not allowed."}})
        self._recent = [at for at in self._recent if time.monotonic() - at < 1]
        room = {"X-Gorgias-Account-Api-Call-Limit": f"{len(self._recent)}/{self.per_second}"}
        if len(self._recent) >= self.per_second:
            return Answer(429, {"error": {"msg": "Too many requests"}}, {"Retry-after": "1", **room})
        self._recent.append(time.monotonic())
        return self._list(name, asked)

    def _list(self, name: str, asked: Asked) -> Answer:
        field, _, direction = asked.params.get("order_by", "created_datetime:desc").partition(":")
        limit, cursor = int(asked.params.get("limit", 30)), asked.params.get("cursor")
        takes = {"cursor", "limit"} | ({"order_by"} if name not in self.unordered else set())
        wrong = asked.params.keys() - takes - FILTERS.get(name, set())
        if wrong or field not in ORDERS[name] or direction not in {"asc", "desc"} or not 1 <= limit <= 100:
            return Answer(400, {"error": {"msg": "Invalid parameters", "data": sorted(wrong)}})
        found = sorted(
            ((one[field], number) for number, one in self.records[name].items()), reverse=direction == "desc"
        )
        if name in self.unordered:
            found = sorted(found, key=lambda one: -(one[1] * 7919 % 1009))
            found = [(f"{len(found) - place:06}", number) for place, (_, number) in enumerate(found)]
        if cursor:
            era, stamp, number = base64.b64decode(cursor).decode().split("|")
            if int(era) != self.era:
                return Answer(400, {"error": {"msg": "Invalid cursor"}})
            last = (stamp, int(number))
            found = [one for one in found if one < last or (self.repeats and one == last)]
        page = found[: min(limit, self.page)]
        following = _cursor(self.era, page[-1]) if len(found) > len(page) else None
        data = [self.records[name][number] for _, number in page]
        meta = {"prev_cursor": cursor, "next_cursor": following}
        return Answer(200, {"object": "list", "uri": asked.path, "data": data, "meta": meta})

    def ticket(self, number: int, at: datetime, **more: Any) -> None:
        """Make or change a ticket; `at` is when it changed."""
        made = stamp(MADE + timedelta(minutes=number))
        self.records["tickets"][number] = {
            "id": number,
            "external_id": f"conversation-{number}",
            "status": "open",
            "channel": "chat",
            "via": "api",
            "from_agent": False,
            "subject": "private words",
            "excerpt": "private words",
            "customer": {
                "id": number,
                "email": f"shopper{number}@example.com",
                "name": "Ann",
                "external_id": f"P{number}",
            },
            "meta": {"conversation": f"in meta {number}"},
            "created_datetime": made,
            "updated_datetime": stamp(at),
            "closed_datetime": None,
            "trashed_datetime": None,
        } | more

    def message(self, number: int, ticket: int, at: datetime, **more: Any) -> None:
        """Add a message that an agent sent."""
        self.records["messages"][number] = {
            "id": number,
            "ticket_id": ticket,
            "channel": "email",
            "via": "helpdesk",
            "public": True,
            "from_agent": True,
            "rule_id": None,
            "sender": {"id": 9, "email": "ann@shop.example", "name": "Ann"},
            "body_text": "private words",
            "created_datetime": stamp(at),
            "sent_datetime": None,
        } | more

    def survey(self, number: int, ticket: int, at: datetime, score: int | None = None) -> None:
        """A survey that was made `at`; answered, where it has a score."""
        self.records["satisfaction-surveys"][number] = {
            "id": number,
            "ticket_id": ticket,
            "score": score,
            "created_datetime": stamp(at),
            "scored_datetime": stamp(at + timedelta(days=2)) if score else None,
        }


def _cursor(era: int, last: tuple[str, int]) -> str:
    return base64.b64encode(f"{era}|{last[0]}|{last[1]}".encode()).decode()


def stamp(at: datetime) -> str:
    """UTC without an offset, as Gorgias writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
