"""A HubSpot, as strict as its own description of 2026-09: paths, parameters, fields of bodies."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.sources.fake_api import Answer, Asked, FakeApi

TOKEN = "token_canary"
ROOT = "/conversations/conversations/2026-09/"
CONTACTS = "/crm/objects/2026-09/contacts/batch/read"
LIST = {"after", "archived", "limit", "property", "sort"}
THREADS = LIST | {
    *("associatedContactId", "associatedTicketId", "association", "inboxId", "latestMessageTimestampAfter"),
    "threadStatus",
}
CHANNELS = {"after", "defaultPageLength", "limit", "sort"}


class FakeHubspot(FakeApi):
    """`short`: records of a page at most, whatever was asked for. `is_unsorted`: the order is not kept."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.threads: dict[str, dict[str, Any]] = {}
        self.messages: dict[str, list[Any]] = {}
        self.contacts: dict[str, dict[str, Any]] = {}
        self.actors: dict[str, dict[str, Any]] = {}
        self.channels: Any = [{"id": "1000", "name": "LIVE_CHAT"}, {"id": "1002", "name": "EMAIL"}]
        self.short, self.may_read, self.is_unsorted = 100, True, False

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return _error(401, "Authentication credentials not found.")
        if not self.may_read:
            return _error(403, "This app hasn't been granted all required scopes.")
        if asked.method == "POST":
            return self._batch(asked)
        path = asked.path.removeprefix(ROOT)
        if path == "channels":
            return self._page(asked, self.channels, CHANNELS)
        if path == "threads":
            after = asked.params.get("latestMessageTimestampAfter")
            if asked.params.get("sort") == "latestMessageTimestamp" and not after:
                return _error(400, "latestMessageTimestampAfter is required")
            found = [one for one in self.threads.values() if _stamp(one) > (after or "")]
            found.sort(key=_stamp, reverse=self.is_unsorted)
            return self._page(asked, found, THREADS)
        kind, _, rest = path.partition("/")
        name, _, what = rest.partition("/")
        if kind == "threads" and name in self.messages and what == "messages":
            return self._page(asked, self.messages[name], LIST)
        if kind == "threads" and what.endswith("/original-content"):
            return Answer(200, {"text": "the whole text", "richText": "<p>the whole text</p>"})
        return _error(404, "resource not found")

    def _page(self, asked: Asked, found: Any, names: set[str]) -> Answer:
        limit = int(asked.params.get("limit", 20))
        if asked.params.keys() - names or not 1 <= limit <= 500:
            return _error(400, "unknown parameter")
        if not isinstance(found, list):
            return Answer(200, {"results": found})
        begins, size = int(asked.params.get("after", 0)), min(limit, self.short)
        answer: dict[str, Any] = {"results": found[begins : begins + size]}
        if begins + size < len(found):
            answer["paging"] = {"next": {"after": str(begins + size), "link": f"{ROOT}?after={begins + size}"}}
        return Answer(200, answer)

    def _batch(self, asked: Asked) -> Answer:
        body = asked.json()
        if asked.path == f"{ROOT}actors/batch/read" and body.keys() == {"inputs"}:
            found = [self.actors[name] for name in body["inputs"] if name in self.actors]
        elif asked.path == CONTACTS and body.keys() == {"inputs", "properties", "propertiesWithHistory"}:
            found = [self.contacts[one["id"]] for one in body["inputs"] if one["id"] in self.contacts]
        else:
            return _error(400, "unknown field")
        return Answer(207 if len(found) < len(body["inputs"]) else 200, {"status": "COMPLETE", "results": found})

    def thread(self, number: int, at: datetime, *messages: Any, **more: Any) -> dict[str, Any]:
        """A thread of live chat whose latest message came `at`."""
        name = str(number)
        self.messages[name] = list(messages)
        self.contacts[f"10{name}"] = {
            "id": f"10{name}",
            "properties": {"email": f"shopper{name}@shop.example", "firstname": "Ann", "hs_ip": "private address"},
            "createdAt": stamp(at),
            "updatedAt": stamp(at),
            "archived": False,
        }
        self.threads[name] = {
            "id": name,
            "createdAt": stamp(at),
            "latestMessageTimestamp": stamp(at),
            "status": "OPEN",
            "spam": False,
            "archived": False,
            "inboxId": "5",
            "originalChannelId": "1000",
            "originalChannelAccountId": "6",
            "associatedContactId": f"10{name}",
        } | more
        return self.threads[name]


def message(number: int, at: datetime, who: str, text: str | None = "Hello", **more: Any) -> dict[str, Any]:
    """A message by an actor such as L-1."""
    return {
        "id": f"m{number}",
        "type": "MESSAGE",
        "conversationsThreadId": "1",
        "createdAt": stamp(at),
        "createdBy": who,
        "client": {"clientType": "HUBSPOT"},
        "senders": [{"actorId": who, "name": "Someone", "senderField": "FROM"}],
        "recipients": [],
        "archived": False,
        "text": text,
        "attachments": [],
        "truncationStatus": "NOT_TRUNCATED",
        "direction": "INCOMING" if who[0] in "VE" else "OUTGOING",
        "channelId": "1000",
        "channelAccountId": "6",
    } | more


def step(number: int, at: datetime, kind: str, who: str, **more: Any) -> dict[str, Any]:
    """A step of a thread: ASSIGNMENT with assignedTo, THREAD_STATUS_CHANGE with newStatus."""
    common = {"id": f"m{number}", "type": kind, "createdAt": stamp(at), "createdBy": who, "archived": False}
    return common | {"senders": [], "recipients": [], "client": {"clientType": "SYSTEM"}} | more


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _stamp(thread: dict[str, Any]) -> str:
    return str(thread.get("latestMessageTimestamp") or "9")


def _error(status: int, message: str) -> Answer:
    return Answer(status, {"status": "error", "message": message, "correlationId": "c", "category": "VALIDATION_ERROR"})
