"""An Intercom, as strict as version 2.16 of its own description: paths, parameters, fields, operators, limits."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.sources.fake_api import Answer, Asked, FakeApi

TOKEN = "token_canary"
# What the description takes of a search; of its fields those that are used, and a few more.
BODY = {"query", "pagination"}
FIELDS: dict[str, dict[str, tuple[type, set[str]]]] = {
    "conversations": {
        "updated_at": (int, {"=", "!=", ">", "<", "IN", "NIN"}),
        "created_at": (int, {"=", "!=", ">", "<", "IN", "NIN"}),
        "ai_agent_participated": (bool, {"=", "!=", "IN", "NIN"}),
        "state": (str, {"=", "!=", "IN", "NIN", "~", "!~", "^", "$"}),
    },
    "contacts": {"id": (str, {"=", "!=", "IN", "NIN", "~", "!~", "^", "$"})},
}
PAGES = {"conversations": 150, "contacts": 150}


class FakeIntercom(FakeApi):
    """Conversations and contacts by id. `short`: records of a page at most, whatever was asked for.

    `hidden`: ids of contacts that the search does not find yet; `merged`: of those that went into another.
    """

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.conversations: dict[str, dict[str, Any]] = {}
        self.contacts: dict[str, dict[str, Any]] = {}
        self.hidden, self.merged = set[str](), set[str]()
        self.short, self.withheld = 150, dict[str, int]()
        self.may_read = True

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return _error(401, "unauthorized", "Access Token Invalid")
        if not self.may_read:
            return _error(403, "forbidden", "You do not have access")
        if asked.headers.get("intercom-version") != "2.16":
            return _error(400, "intercom_version_invalid", "The requested version could not be found")
        kind, _, name = asked.path.strip("/").partition("/")
        if asked.method == "POST" and name == "search" and kind in FIELDS:
            return self._search(kind, asked.json())
        if asked.method == "GET" and kind == "conversations" and name.isdigit():
            return self._conversation(name, asked)
        if asked.method == "GET" and kind == "contacts" and name:
            return self._contact(name, asked)
        return _error(404, "not_found", "Resource not found")

    def _search(self, kind: str, body: Any) -> Answer:
        if wrong := _wrong(kind, body):
            return _error(400, "parameter_invalid", wrong)
        records = getattr(self, kind)
        found = [one for name, one in sorted(records.items()) if name not in self.hidden and _fits(one, body["query"])]
        pagination = body.get("pagination", {})
        begins = int(pagination.get("starting_after", "0"))
        page = found[begins : begins + min(pagination.get("per_page", 20), self.short)]
        pages: dict[str, Any] = {"type": "pages", "page": 1, "per_page": len(page), "total_pages": 1}
        if begins + len(page) < len(found):
            pages["next"] = {"per_page": len(page), "starting_after": str(begins + len(page))}
        name = "conversations" if kind == "conversations" else "data"
        listed = [{key: value for key, value in one.items() if key != "conversation_parts"} for one in page]
        return Answer(200, {"type": "list", name: listed, "total_count": len(found), "pages": pages})

    def _conversation(self, name: str, asked: Asked) -> Answer:
        if asked.params.keys() - {"display_as", "include_translations"}:
            return _error(400, "parameter_invalid", "unknown parameter")
        if name not in self.conversations:
            return _error(404, "not_found", "Conversation not found")
        found = dict(self.conversations[name])
        withheld = self.withheld.pop(name, 0)
        parts = found.get("conversation_parts")
        if withheld and isinstance(parts, dict):
            found["conversation_parts"] = parts | {"conversation_parts": parts["conversation_parts"][:-withheld]}
        return Answer(200, _plain(found) if asked.params.get("display_as") == "plaintext" else found)

    def _contact(self, name: str, asked: Asked) -> Answer:
        if asked.params.keys() - {"include_merge_history"}:
            return _error(400, "parameter_invalid", "unknown parameter")
        if name in self.merged:
            return _error(410, "contact_merged", "This contact has been merged.")
        found = self.contacts.get(name)
        return Answer(200, found) if found else _error(404, "not_found", "User Not Found")

    def conversation(self, number: int, at: datetime, *parts: Any, **more: Any) -> dict[str, Any]:
        """A conversation that a shopper opened `at`, in which Fin took part; fields as the examples have them."""
        made = seconds(at)
        stamps = [at for one in parts if isinstance(one, dict) and isinstance(at := one["created_at"], int)]
        self.conversations[str(number)] = {
            "type": "conversation",
            "id": str(number),
            "title": None,
            "created_at": made,
            "updated_at": max([made, *stamps]),
            "waiting_since": None,
            "open": True,
            "state": "open",
            "source": {
                "type": "conversation",
                "id": f"40{number}",
                "delivered_as": "customer_initiated",
                "subject": "",
                "body": "<p>Where is <b>my</b> order?</p>",
                "author": {"type": "user", "id": f"contact-{number}", "name": None, "email": "ann@shop.example"},
                "attachments": [],
                "url": None,
                "redacted": False,
            },
            "contacts": {"type": "contact.list", "contacts": [{"type": "contact", "id": f"contact-{number}"}]},
            "statistics": None,
            "conversation_rating": None,
            "channel": None,
            "ai_agent_participated": True,
            "ai_agent": {"resolution_state": None, "rating": None, "content_sources": _contents()},
            "conversation_parts": {
                "type": "conversation_part.list",
                "conversation_parts": list(parts),
                "total_count": len(parts),
            },
        } | more
        self.contacts[f"contact-{number}"] = {
            "type": "contact",
            "id": f"contact-{number}",
            "external_id": None,
            "role": "user",
            "email": f"shopper{number}@shop.example",
            "phone": None,
            "name": f"Shopper {number}",
            "updated_at": made,
            "location": {"type": "location", "city": "private city"},
        }
        return self.conversations[str(number)]


def part(number: int, at: datetime, who: str, body: str | None = "<p>Hello</p>", **more: Any) -> dict[str, Any]:
    """A part by `fin`, or by an author of a type of Intercom's."""
    author: dict[str, Any] = {"type": "bot" if who == "fin" else who, "id": f"{who}-1", "name": who, "email": "a@b.c"}
    if who == "fin":
        author |= {"from_ai_agent": True, "is_ai_answer": True}
    return {
        "type": "conversation_part",
        "id": str(number),
        "part_type": "comment",
        "body": body,
        "created_at": seconds(at),
        "updated_at": seconds(at),
        "assigned_to": None,
        "author": author,
        "attachments": [],
        "event_details": None,
    } | more


def content(kind: str, url: str | None, title: str | None) -> dict[str, Any]:
    return {"content_type": kind, "url": url, "title": title, "locale": "en"}


def _contents(*sources: Any) -> dict[str, Any]:
    return {"type": "content_source.list", "total_count": len(sources), "content_sources": list(sources)}


def agent(state: str | None, *sources: Any, **more: Any) -> dict[str, Any]:
    """What a conversation says of Fin."""
    return {"resolution_state": state, "rating": None, "content_sources": _contents(*sources)} | more


def seconds(at: datetime) -> int:
    return int(at.astimezone(UTC).timestamp())


def _wrong(kind: str, body: Any) -> str | None:
    """What the description does not take."""
    if not isinstance(body, dict) or body.keys() - BODY or "query" not in body:
        return "body"
    pagination = body.get("pagination", {})
    if pagination.keys() - {"per_page", "starting_after"} or not 1 <= pagination.get("per_page", 20) <= PAGES[kind]:
        return "pagination"
    query = body["query"]
    if query.keys() == {"operator", "value"}:
        filters = query["value"] if query["operator"] in {"AND", "OR"} and len(query["value"]) <= 15 else [{}]
    else:
        filters = [query]
    for one in filters:
        if one.keys() != {"field", "operator", "value"} or one["field"] not in FIELDS[kind]:
            return f"field {one.get('field')}"
        of, operators = FIELDS[kind][one["field"]]
        values = one["value"] if one["operator"] in {"IN", "NIN"} else [one["value"]]
        if one["operator"] not in operators or not isinstance(values, list) or any(type(x) is not of for x in values):
            return f"value of {one['field']}"
    return None


def _fits(record: dict[str, Any], query: dict[str, Any]) -> bool:
    filters = query["value"] if query.keys() == {"operator", "value"} else [query]
    tests: dict[str, Callable[[Any, Any], bool]] = {
        "=": lambda there, value: there == value,
        ">": lambda there, value: there >= value,  # as its page says: greater or equal
        "<": lambda there, value: there <= value,
        "IN": lambda there, value: there in value,
    }
    return all(tests[one["operator"]](record.get(one["field"]), one["value"]) for one in filters)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: re.sub(r"<[^>]+>", "", one) if key in {"body", "subject"} and one else _plain(one)
            for key, one in value.items()
        }
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _error(status: int, code: str, message: str) -> Answer:
    return Answer(status, {"type": "error.list", "request_id": "r", "errors": [{"code": code, "message": message}]})
