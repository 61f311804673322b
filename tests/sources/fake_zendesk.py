"""A Zendesk: tokens that run out, and the incremental export of tickets, whose cursor is there even at its end."""

from __future__ import annotations

import base64
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.sources.fake_api import Answer, Asked, FakeApi

CLIENT_ID, CLIENT_SECRET = "client_canary", "secret_canary"
EXPORT = "/api/v2/incremental/tickets/cursor.json"
MADE = datetime(2026, 5, 1, 10, tzinfo=UTC)


class FakeZendesk(FakeApi):
    """`sideload`: where metric sets stand in an export, "ticket" or "list", or "none" for nowhere.

    `token_lasts`: after so many calls a token is not taken any more, whatever `expires_in` has promised.
    `per_second`: calls of the export a second. `repeats`: a page begins with the last ticket of the one before.
    """

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.tickets: dict[int, dict[str, Any]] = {}
        self.metrics: dict[int, dict[str, Any]] = {}
        self.sideload, self.page, self.is_admin, self.repeats = "ticket", 100, True, False
        self.token_lasts, self.per_second = 10**9, 10**9
        self.forgotten: set[str] = set()
        self.users: dict[int, dict[str, Any]] = {}
        self.includes = {"metric_sets", "users"}
        self.may_see_users = True
        self.schedules: list[Any] | int = []  # or the status that is answered in their place
        self.holidays: dict[int, list[Any] | int] = {}
        self._tokens: dict[str, int] = {}
        self._recent: list[float] = []

    def answer(self, asked: Asked) -> Answer:
        if asked.path == "/oauth/tokens":
            return self._token(asked)
        if not asked.path.startswith("/api/v2/"):
            return Answer(404, b"<html>No help desk at shop.zendesk.com</html>")
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if self._tokens.get(token, self.token_lasts) >= self.token_lasts:
            return Answer(401, {"error": "invalid_token", "error_description": "The access token is invalid."})
        self._tokens[token] += 1
        if not self.is_admin:
            return Answer(403, {"error": {"title": "Forbidden", "message": "You do not have access to this page."}})
        if asked.path == EXPORT:
            return self._export(asked)
        if asked.path == "/api/v2/users/show_many.json" and self.may_see_users:
            ids = [int(one) for one in asked.params["ids"].split(",")]
            if len(ids) > 100 or asked.params.keys() != {"ids"}:
                return Answer(400, {"error": "InvalidParameter"})
            return Answer(200, {"users": [self.users[one] for one in ids if one in self.users], "count": len(ids)})
        if match := re.fullmatch(r"/api/v2/business_hours/schedules(?:/(\d+)/holidays)?", asked.path):
            return self._hours(int(match[1]) if match[1] else None, asked)
        match = re.fullmatch(r"/api/v2/tickets/(\d+)/metrics\.json", asked.path)
        if match is None or int(match[1]) not in self.metrics:
            return Answer(404, {"error": "RecordNotFound", "description": "Not found"})
        found = self.metrics[int(match[1])]
        return Answer(200, {"ticket_metric": [found] if self.sideload == "array" else found})

    def _hours(self, number: int | None, asked: Asked) -> Answer:
        name, found = ("schedules", self.schedules) if number is None else ("holidays", self.holidays.get(number, 404))
        if asked.params:
            return Answer(400, {"error": "InvalidParameter"})
        if isinstance(found, int):
            return Answer(found, {"error": "RecordNotFound", "description": "Not found"})
        return Answer(200, {name: found, "url": f"{self.url}{asked.path}"})

    def _token(self, asked: Asked) -> Answer:
        given = asked.json() if asked.headers.get("content-type") == "application/json" else {}
        wanted = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        if asked.method != "POST" or given.get("grant_type") != "client_credentials" or given.get("scope") != "read":
            return Answer(400, {"error": "invalid_request", "error_description": "The request is malformed."})
        if {name: given.get(name) for name in wanted} != wanted:
            return Answer(401, {"error": "invalid_client", "error_description": "Client authentication failed."})
        token = f"token-{len(self._tokens)}-canary"
        self._tokens[token] = 0
        return Answer(200, {"access_token": token, "token_type": "bearer", "scope": "read", "expires_in": 1800})

    def _export(self, asked: Asked) -> Answer:
        self._recent = [at for at in self._recent if time.monotonic() - at < 1]
        if len(self._recent) >= self.per_second:
            return Answer(429, {"error": "APIRateLimitExceeded"}, {"Retry-After": "1"})
        self._recent.append(time.monotonic())
        given = dict(asked.params)
        include, cursor, start = given.pop("include", ""), given.pop("cursor", None), given.pop("start_time", None)
        if given or (cursor is None) == (start is None) or set(include.split(",")) - {""} - self.includes:
            return Answer(400, {"error": "InvalidParameter", "description": f"{sorted(asked.params)}"})
        if cursor in self.forgotten:
            return Answer(400, {"error": "InvalidCursor", "description": "cursor is not valid"})
        if start is not None and int(start) > time.time() - 60:
            return Answer(400, {"error": "StartTimeTooRecent", "description": "Too recent start_time"})
        after = _place(cursor) if cursor else (int(start or 0), -1)
        ordered = sorted((one["generated_timestamp"], number) for number, one in self.tickets.items())
        found = [place for place in ordered if place > after or (self.repeats and cursor and place == after)]
        page = [self._ticket(number, include) for _, number in found[: self.page]]
        last = found[: self.page][-1] if found else after
        sets: dict[str, Any] = (
            {"metric_sets": [self.metrics[one["id"]] for one in page]} if self.sideload == "list" else {}
        )
        if "users" in include.split(","):
            sets["users"] = [self.users[one] for one in {one.get("requester_id") for one in page} if one in self.users]
        end = len(found) <= self.page
        return Answer(200, {"tickets": page, "after_cursor": _cursor(last), "end_of_stream": end, **sets})

    def _ticket(self, number: int, include: str) -> dict[str, Any]:
        ticket = dict(self.tickets[number])
        if "metric_sets" in include and self.sideload == "ticket" and number in self.metrics:
            ticket["metric_set"] = self.metrics[number]
        return ticket

    def ticket(self, number: int, at: datetime, *, reply: int | None = None, solved: Any = None, **more: Any) -> None:
        """Make or change a ticket; `at` is when Zendesk wrote it down, `reply` the minutes until an agent's reply."""
        made = MADE + timedelta(minutes=number)
        self.tickets[number] = {
            "id": number,
            "external_id": f"conversation-{number}",
            "requester_id": 5000 + number,
            "description": "private words",
            "status": "open",
            "created_at": stamp(made),
            "updated_at": stamp(at),
            "generated_timestamp": int(at.timestamp()),
            "subject": None,
            "tags": [],
            "custom_fields": [{"id": 77, "value": f"in field {number}"}, {"id": 78, "value": None}],
            "satisfaction_rating": {"score": "unoffered"},
        } | more
        self.users[5000 + number] = {
            "id": 5000 + number,
            "name": "Ann Private",
            "email": f"shopper{number}@example.com",
            "external_id": f"P{number}",
            "user_fields": {"profile": f"in field {number}"},
        }
        self.metrics[number] = {
            "ticket_id": number,
            "replies": 0 if reply is None else 1,
            "reopens": 0,
            "reply_time_in_minutes": {"calendar": reply, "business": 1},
            "reply_time_in_seconds": {"calendar": None},
            "solved_at": stamp(solved) if solved else None,
        }


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _cursor(place: tuple[int, int]) -> str:
    return base64.b64encode(f"{place[0]}.0||{place[1]}".encode()).decode()


def _place(cursor: str) -> tuple[int, int]:
    generated, number = base64.b64decode(cursor).decode().split("||")
    return int(float(generated)), int(number)
