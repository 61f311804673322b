"""From Intercom's conversations and contacts to rows of the landing contract; pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from flows.sources import api
from flows.sources.api import JsonObject, Misshapen, Row, instant, nested

AGENT = "intercom"
MOST_PARTS = 500  # that Intercom gives of a conversation, the newest
CHANNELS = {
    "conversation": "web_chat",
    "messenger": "web_chat",
    "email": "email",
    "sms": "sms",
    "whatsapp": "whatsapp",
    "instagram": "instagram",
    "facebook": "facebook",
    "phone_call": "voice",
    "phone_switch": "voice",
}
SENDERS = {"admin": "human", "user": "visitor", "lead": "visitor", "contact": "visitor", "bot": "system"}
WRITTEN = {"comment", "quick_reply"}  # messages even without a text; others are messages where they have one
HANDED_OFF = {"escalated", "procedure_handoff"}
# Of each record: what is read here, and nothing else of a person.
KEPT = (
    *("id", "created_at", "updated_at", "state", "channel", "statistics", "ai_agent", "ai_agent_participated"),
    "conversation_rating",
)
KEPT_OF_PART = ("id", "part_type", "body", "created_at", "updated_at", "assigned_to", "attachments")
KEPT_OF_CONTACT = ("id", "role", "email", "phone", "name", "updated_at")


def conversation_id(conversation: Any) -> str:
    """The id. Raises Misshapen where there is none."""
    return _id(conversation)


def parts(conversation: JsonObject) -> list[Any]:
    """What happened in it, oldest first, as far as Intercom gave it."""
    return listed(conversation.get("conversation_parts"), "conversation_parts")


def part_count(conversation: JsonObject) -> int | None:
    """How many parts it has by its own counter, None where it has none."""
    found = conversation.get("conversation_parts")
    count = found.get("total_count") if isinstance(found, dict) else None
    if count is None:
        count = nested(conversation.get("statistics")).get("count_conversation_parts")
    return count if isinstance(count, int) and not isinstance(count, bool) else None


def contact_id(conversation: JsonObject) -> str | None:
    """The shopper: the first contact, else who began."""
    for contact in listed(conversation.get("contacts"), "contacts"):
        if isinstance(contact, dict) and contact.get("id"):
            return str(contact["id"])
    author = nested(nested(conversation.get("source")).get("author"))
    is_shopper = SENDERS.get(str(author.get("type"))) == "visitor"
    return str(author["id"]) if is_shopper and author.get("id") else None


def conversation_row(account: str, conversation: JsonObject, contact: Any, *, has_profiles: bool) -> Row:
    """The conversation itself; `contact` is its shopper's record, who is a profile or is known by the email alone."""
    given = nested(conversation.get("ai_agent"))
    source = nested(conversation.get("source"))
    channel = nested(conversation.get("channel")).get("initial") or source.get("type")
    closed_at, closed_by = _closing(conversation)
    values = {
        "account_id": account,
        "conversation_id": _id(conversation),
        "channel": CHANNELS.get(str(channel).lower(), channel),
        "created_at": instant(conversation, "created_at"),
        "profile_id": contact_id(conversation) if has_profiles else None,
        "email": None if has_profiles else nested(contact).get("email"),
        "closed_at": closed_at,
        "closed_by": closed_by,
        "agent": AGENT,
        "rating": rating(given.get("rating")) or rating(nested(conversation.get("conversation_rating")).get("rating")),
        "source_status": given.get("resolution_state"),
        "updated_at": instant(conversation, "updated_at"),
    }
    kept = {name: conversation[name] for name in KEPT if name in conversation}
    return Row("conversations", values, {**kept, "source": {"type": source.get("type")}})


def opening_rows(account: str, conversation: JsonObject) -> Iterator[Row]:
    """The message that opened the conversation."""
    source = nested(conversation.get("source"))
    if not source or not (source.get("body") or source.get("subject") or source.get("attachments")):
        return
    values = {
        "account_id": account,
        "message_id": f"{_id(conversation)}/source",
        "conversation_id": _id(conversation),
        "sender": sender(source),
        "sent_at": instant(conversation, "created_at"),
        "text": source.get("body") or source.get("subject"),
    }
    yield Row("messages", values, {"type": source.get("type"), "body": source.get("body"), "author": _author(source)})


def message_rows(account: str, conversation: JsonObject, part: JsonObject, articles: Sequence[str]) -> Iterator[Row]:
    """A part, if somebody wrote it to the other side; notes are for colleagues. `articles` are those it stands on."""
    if not is_message(part):
        return
    values = {
        "account_id": account,
        "message_id": f"{_id(conversation)}/{_id(part)}",
        "conversation_id": _id(conversation),
        "sender": sender(part),
        "sent_at": instant(part, "created_at"),
        "text": part.get("body"),
        "article_ids": list(articles) or None,
        "updated_at": instant(part, "updated_at"),
    }
    kept = {name: part[name] for name in KEPT_OF_PART if name in part and name != "attachments"}
    yield Row("messages", values, {**kept, "author": _author(part)})


def handoff_rows(account: str, conversation: JsonObject) -> Iterator[Row]:
    """That Fin handed over, as its resolution state says, and every person whom the conversation was assigned to after.

    Who was assigned before Fin answered only owns the inbox.
    """
    of = _id(conversation)
    known = sorted((one for one in parts(conversation) if _at(one) and one.get("id")), key=_at)
    answers = [one for one in known if sender(one) == "agent"]
    machines = {"0", *(str(nested(one.get("author")).get("id")) for one in answers)}
    assigned = [
        one
        for one in known
        if answers and _at(one) > _at(answers[0]) and str(_assignee(one).get("id") or "0") not in machines
    ]
    given = nested(conversation.get("ai_agent"))
    common = {"account_id": account, "conversation_id": of, "platform": AGENT}
    state = given.get("resolution_state")
    if state in HANDED_OFF:
        last = next(
            (one for one in assigned if _assignee(one).get("type") in {"admin", "team"}), (answers or [None])[-1]
        )
        at = instant(last or conversation, "created_at")
        step = {"handoff_event_id": f"{of}/handoff", "type": "accepted", "occurred_at": at, "reason": state}
        yield Row("handoff_events", {**common, **step}, {"id": of, "ai_agent": given})
    for one in assigned:
        if _assignee(one).get("type") == "admin":
            step = {"type": "human_joined", "occurred_at": instant(one, "created_at"), "reason": None}
            values = {**common, "handoff_event_id": f"{of}/{_id(one)}", **step}
            yield Row("handoff_events", values, {"id": one["id"], "assigned_to": _assignee(one)})


def article_rows(account: str, conversation: JsonObject) -> Iterator[Row]:
    """What Fin's answers stand on, by title and address; Intercom gives no texts with it."""
    for name, source in _content(conversation).items():
        values = {"account_id": account, "article_id": name, "title": source.get("title") or name}
        yield Row("articles", {**values, "url": source.get("url")}, source)


def articles_of_last_answer(conversation: JsonObject) -> tuple[JsonObject | None, list[str]]:
    """Fin's last answer, and the articles: Intercom names them for the conversation, not for each answer."""
    answers = [one for one in parts(conversation) if _at(one) and sender(one) == "agent" and is_message(one)]
    said = [one for one in answers if nested(one.get("author")).get("is_ai_answer")] or answers
    return max(said, key=_at, default=None), list(_content(conversation))


def count_rows(account: str, conversation: JsonObject) -> Iterator[Row]:
    """How many messages the conversation has by its own counter; a part that did not come counts as a message."""
    count, given = part_count(conversation), parts(conversation)
    if count is None:
        return
    there = sum(not isinstance(one, dict) or is_message(one) for one in given)
    opened = len(list(opening_rows(account, conversation)))
    of = _id(conversation)
    values = {
        "account_id": account,
        "count_id": f"{AGENT}/messages/{of}",
        "source": AGENT,
        "thing": "messages",
        "conversation_id": of,
        "value": opened + there + max(count - len(given), 0),
        "counted_at": instant(conversation, "updated_at"),
    }
    yield Row("source_counts", values, {"id": of, "parts": count, "given": len(given)})


def profile_row(account: str, contact: JsonObject) -> Row:
    values = {
        "account_id": account,
        "profile_id": _id(contact),
        "email": contact.get("email"),
        "phone": contact.get("phone"),
        "first_name": contact.get("name"),
        "updated_at": instant(contact, "updated_at"),
    }
    return Row("profiles", values, {name: contact[name] for name in KEPT_OF_CONTACT if name in contact})


def is_message(part: JsonObject) -> bool:
    """Whether the other side could read it."""
    kind = str(part.get("part_type") or "")
    return "note" not in kind and (kind in WRITTEN or bool(part.get("body")))


def sender(message: JsonObject) -> str | None:
    """Who wrote it; a word that is not known stays as it is."""
    author = nested(message.get("author"))
    if author.get("from_ai_agent") is True:
        return "agent"
    kind = author.get("type")
    return SENDERS.get(str(kind), kind)


def rating(value: object) -> int | None:
    """The shopper's verdict from 1 to 5; others are none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 5 else None


def article_id(source: JsonObject) -> str | None:
    """The number of an article, which stands in its address, else the address, else the title."""
    url = str(source.get("url") or "")
    number = re.search(r"/articles/(?:articles/)?(\d+)", url) if source.get("content_type") == "article" else None
    found = number[1] if number else url or source.get("title")
    return str(found) if found else None


def listed(value: Any, name: str) -> list[Any]:
    """The records of one of Intercom's lists, also where there is a list alone, one record alone, or nothing."""
    is_wrapped = isinstance(value, dict) and (name in value or str(value.get("type", "")).endswith("list"))
    return api.listed(value.get(name) if is_wrapped else value)


def _closing(conversation: JsonObject) -> tuple[str | None, str | None]:
    """When the conversation was closed last, and by whom, where it is closed; a program closes for the agent."""
    if conversation.get("state") != "closed":
        return None, None
    closing = [one for one in parts(conversation) if _at(one) and one.get("part_type") == "close"]
    last = max(closing, key=_at, default=None)
    said = instant(nested(conversation.get("statistics")), "last_close_at")
    at = said or (instant(last, "created_at") if last else None)
    by = {"agent": "agent", "system": "agent", "human": "human", "visitor": "visitor"}
    return at, by.get(str(sender(last))) if last and at else None


def _content(conversation: JsonObject) -> dict[str, JsonObject]:
    """What Fin used in the conversation, by id."""
    given = listed(nested(conversation.get("ai_agent")).get("content_sources"), "content_sources")
    return {name: one for one in given if isinstance(one, dict) and (name := article_id(one))}


def _assignee(part: JsonObject) -> JsonObject:
    return nested(part.get("assigned_to"))


def _at(part: Any) -> int:
    """When a part came, 0 where that cannot be read: what is not known has no order."""
    found = str(part.get("created_at") if isinstance(part, dict) else None)
    return int(found) if re.fullmatch(r"\d{1,11}", found) else 0


def _author(message: JsonObject) -> JsonObject:
    author = nested(message.get("author"))
    return {name: author[name] for name in ("type", "id", "from_ai_agent", "is_ai_answer") if name in author}


def _id(record: Any) -> str:
    if not isinstance(record, dict) or not record.get("id"):
        raise Misshapen("it has no id")
    return str(record["id"])
