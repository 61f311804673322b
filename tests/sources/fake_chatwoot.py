"""A Chatwoot: lists by page, newest activity first; it takes the parameters that its own description has."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.sources.fake_api import Answer, Asked, FakeApi

TOKEN = "token_canary"
PAGE, MESSAGES = 25, 20
LIST = {"assignee_type", "status", "q", "inbox_id", "team_id", "labels", "page"}
EVENTS = {"page", "since", "until", "inbox_id", "user_id", "name"}


class FakeChatwoot(FakeApi):
    """Account 1. `knows_before`: whether messages take `before`: servers do, and their description leaves it out."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.conversations: dict[int, dict[str, Any]] = {}
        self.messages: dict[int, list[Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.has_events, self.is_admin, self.knows_before = True, True, True
        self.page = PAGE

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("api_access_token") != TOKEN:
            return Answer(401, {"error": "You need to sign in or sign up before continuing."})
        prefix, _, rest = asked.path.partition("/accounts/1/")
        if prefix != "/api/v1" or asked.method != "GET":
            return Answer(404, {"error": "Resource could not be found"})
        if rest == "conversations":
            return self._list(asked)
        if rest == "reporting_events" and self.has_events:
            return self._events(asked) if self.is_admin else Answer(403, {"error": "Access denied"})
        kind, _, name = rest.partition("/")
        number, _, what = name.partition("/")
        if kind == "conversations" and what == "messages" and int(number) in self.conversations:
            return self._messages(int(number), asked)
        return Answer(404, {"error": "Resource could not be found"})

    def _list(self, asked: Asked) -> Answer:
        if asked.params.keys() - LIST or asked.params.get("status", "open") not in {
            "all",
            "open",
            "resolved",
            "pending",
        }:
            return Answer(400, {"description": "Bad Request Error"})
        status, page = asked.params.get("status", "open"), int(asked.params.get("page", 1))
        found = [one for one in self.conversations.values() if status in ("all", one.get("status"))]
        found.sort(key=lambda one: one.get("last_activity_at") or 0, reverse=True)
        payload = found[(page - 1) * self.page : page * self.page]
        meta = {"mine_count": 0, "assigned_count": 0, "unassigned_count": len(found), "all_count": len(found)}
        return Answer(200, {"data": {"meta": meta, "payload": payload}})

    def _messages(self, number: int, asked: Asked) -> Answer:
        if asked.params.keys() - ({"before"} if self.knows_before else set()):
            return Answer(422, {"error": "unknown parameter"})
        before = int(asked.params.get("before", 10**9))
        found = [one for one in self.messages[number] if not isinstance(one, dict) or one.get("id", 0) < before]
        return Answer(200, {"meta": {"labels": []}, "payload": found[-MESSAGES:]})

    def _events(self, asked: Asked) -> Answer:
        if asked.params.keys() - EVENTS:
            return Answer(400, {"description": "Bad Request Error"})
        since, until = int(asked.params.get("since", 0)), int(asked.params.get("until", 10**11))
        page, name = int(asked.params.get("page", 1)), asked.params.get("name")
        found = [
            one
            for one in self.events
            if name in {None, one["name"]} and since <= datetime.fromisoformat(one["created_at"]).timestamp() <= until
        ]
        meta = {"count": len(found), "current_page": page, "total_pages": -(-len(found) // PAGE)}
        return Answer(200, {"meta": meta, "payload": found[(page - 1) * PAGE : page * PAGE]})

    def conversation(self, number: int, at: datetime, *messages: Any, **more: Any) -> dict[str, Any]:
        """A conversation of the web widget, last active `at`."""
        self.messages[number] = list(messages)
        contact = {"id": 100 + number, "name": f"Shopper {number}", "email": f"shopper{number}@shop.example"}
        self.conversations[number] = {
            "id": number,
            "meta": {
                "sender": contact | {"phone_number": None, "additional_attributes": {"city": "private city"}},
                "channel": "Channel::WebWidget",
                "assignee": None,
            },
            "messages": [],
            "account_id": 1,
            "inbox_id": 1,
            "status": "pending",
            "created_at": seconds(at),
            "timestamp": seconds(at),
            "last_activity_at": seconds(at),
            "agent_last_seen_at": 0,
        } | more
        return self.conversations[number]

    def event(self, number: int, name: str, conversation: int | None, at: datetime, user: int | None = None) -> None:
        stamp = at.astimezone(UTC).isoformat()
        self.events.append(
            {
                "id": number,
                "name": name,
                "value": 60.0,
                "value_in_business_hours": 0.0,
                "event_start_time": stamp,
                "event_end_time": stamp,
                "account_id": 1,
                "conversation_id": conversation,
                "inbox_id": 1,
                "user_id": user,
                "created_at": stamp,
                "updated_at": stamp,
            }
        )


def message(number: int, at: datetime, who: str | None, text: str | None = "Hello", **more: Any) -> dict[str, Any]:
    """A message; `who` is the type of its sender, as the list of messages spells it."""
    kind = 0 if who == "contact" else 1
    sender = {"sender": {"id": 9, "name": "Someone", "type": who}} if who else {}
    return {
        "id": number,
        "content": text,
        "inbox_id": 1,
        "conversation_id": 1,
        "message_type": kind,
        "content_type": "text",
        "status": "sent",
        "content_attributes": {},
        "created_at": seconds(at),
        "private": False,
        "source_id": None,
        **sender,
    } | more


def seconds(at: datetime) -> int:
    return int(at.astimezone(UTC).timestamp())
