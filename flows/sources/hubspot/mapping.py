"""From HubSpot's threads, messages and contacts to rows of the landing contract; pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flows.sources.api import JsonObject, Misshapen, Part, Row, instant, listed, nested

AGENT = "hubspot"
CHANNELS = {
    "livechat": "web_chat",
    "chat": "web_chat",
    "email": "email",
    "sms": "sms",
    "whatsapp": "whatsapp",
    "facebookmessenger": "facebook",
    "fbmessenger": "facebook",
    "instagram": "instagram",
    "calling": "voice",
}
ACTORS = {
    "LLM": "agent",
    "BOT": "agent",
    "AGENT": "human",
    "VISITOR": "visitor",
    "SYSTEM": "system",
    "INTEGRATOR": "system",
}
WRITTEN = {"MESSAGE", "WELCOME_MESSAGE"}  # comments are for colleagues
STEPS = {"ASSIGNMENT", "THREAD_STATUS_CHANGE"}
CLOSERS = {"agent": "agent", "system": "agent", "human": "human", "visitor": "visitor"}
CONTACT = ("email", "phone", "firstname", "lastname")
KEPT = (
    *("id", "status", "createdAt", "closedAt", "latestMessageTimestamp", "associatedContactId", "originalChannelId"),
    *("threadAssociations", "assignedTo"),
)
KEPT_OF_MESSAGE = (
    *("id", "type", "text", "createdAt", "updatedAt", "createdBy", "direction", "truncationStatus"),
    *("assignedTo", "newStatus"),
)


def thread_record(thread: Any) -> JsonObject:
    """What is kept of a thread, by which is seen whether it changed."""
    identifier(thread)
    return {name: thread[name] for name in KEPT if name in thread}


def thread_part(thread: JsonObject, channel: str | None, contact: JsonObject | None) -> Part:
    record = {"thread": thread, "channel": channel, "contact": contact}
    return Part(f"{AGENT}:{identifier(thread)}", "thread", "", record, instant(thread, "latestMessageTimestamp"))


def message_parts(of: str, message: Any, actors: Mapping[str, str]) -> Iterator[Part]:
    """A message, or a step of the thread; `actors` are the types of actors by their ids."""
    name = identifier(message)
    if message.get("type") in WRITTEN | STEPS and not message.get("archived"):
        kept = {name: message[name] for name in KEPT_OF_MESSAGE if name in message}
        kept["actor"] = actor(message, actors)
        kept["assignee"] = actor_type(str(message.get("assignedTo") or ""), actors)
        at = instant(message, "updatedAt") or instant(message, "createdAt")
        yield Part(f"{AGENT}:{of}", "message", name, kept, at)


def actor_ids(message: Any) -> Iterator[str]:
    """Every actor that a message names, as far as it matters."""
    given = nested(message)
    senders = [nested(one).get("actorId") for one in listed(given.get("senders"))]
    yield from (str(name) for name in (*senders, given.get("createdBy"), given.get("assignedTo")) if name)


def actor(message: JsonObject, actors: Mapping[str, str]) -> str | None:
    """The type of who wrote it, or did it."""
    names = [*(str(nested(one).get("actorId") or "") for one in listed(message.get("senders")))]
    return next(
        (kind for name in (*names, str(message.get("createdBy") or "")) if (kind := actor_type(name, actors))), None
    )


def actor_type(name: str, actors: Mapping[str, str]) -> str | None:
    """What kind of actor an id names: as HubSpot says, else by its first letter; a word that is not known stays."""
    prefixes = {"A": "AGENT", "V": "VISITOR", "B": "BOT", "L": "LLM", "S": "SYSTEM", "I": "INTEGRATOR", "E": "EMAIL"}
    prefix = name.partition("-")[0]
    return actors.get(name) or prefixes.get(prefix, prefix) or None


def thread_rows(account: str, parts: Sequence[Part], *, has_profiles: bool) -> Iterator[Row]:
    """The rows of a thread in which an agent wrote; none where only people did."""
    known = next((part.record for part in parts if part.kind == "thread"), None)
    messages = [part.record for part in parts if part.kind == "message"]
    answers = [one for one in messages if one.get("type") == "MESSAGE" and sender(one) == "agent"]
    if known is None or not answers:
        return
    thread, contact = known["thread"], nested(known.get("contact"))
    of, told = identifier(thread), nested(contact.get("properties"))
    channel = known.get("channel") or thread.get("originalChannelId")
    closed_at = instant(thread, "closedAt") if thread.get("status") == "CLOSED" else None
    values = {
        "account_id": account,
        "conversation_id": of,
        "channel": CHANNELS.get(normal(channel), channel),
        "created_at": instant(thread, "createdAt"),
        "profile_id": contact.get("id") if has_profiles else None,
        "email": None if has_profiles else told.get("email"),
        "closed_at": closed_at,
        "closed_by": _closed_by(messages) if closed_at else None,
        "agent": AGENT,
        "source_status": thread.get("status"),
        "updated_at": instant(thread, "latestMessageTimestamp"),
    }
    yield Row("conversations", values, known)
    if has_profiles and contact.get("id"):
        yield _profile_row(account, contact)
    began = min(instant(one, "createdAt") or "" for one in answers)
    ticket = nested(thread.get("threadAssociations")).get("associatedTicketId")
    for one in messages:
        at = instant(one, "createdAt")
        if one.get("type") == "ASSIGNMENT" and one.get("assignee") == "AGENT" and at and at > began:
            step = {"handoff_event_id": f"{of}/{identifier(one)}", "type": "human_joined", "occurred_at": at}
            common = {"account_id": account, "conversation_id": of, "platform": AGENT, "ticket_id": ticket}
            yield Row("handoff_events", {**common, **step}, one)


def message_row(account: str, of: str, message: JsonObject) -> Row:
    values = {
        "account_id": account,
        "message_id": f"{of}/{identifier(message)}",
        "conversation_id": of,
        "sender": sender(message),
        "sent_at": instant(message, "createdAt"),
        "text": message.get("text"),
        "updated_at": instant(message, "updatedAt"),
    }
    return Row("messages", values, message)


def sender(message: JsonObject) -> str | None:
    """Who wrote it; a word that is not known stays as it is."""
    if message.get("type") == "WELCOME_MESSAGE":
        return "system"
    kind = message.get("actor")
    if kind == "EMAIL":  # whoever writes from an address that is nobody's in HubSpot
        return "visitor" if message.get("direction") == "INCOMING" else "human"
    return ACTORS.get(str(kind), kind)


def normal(name: object) -> str:
    """A name without case, blanks and punctuation."""
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def identifier(record: Any) -> str:
    """The id as text. Raises Misshapen where there is none."""
    if not isinstance(record, dict) or not record.get("id"):
        raise Misshapen("it has no id")
    return str(record["id"])


def _profile_row(account: str, contact: JsonObject) -> Row:
    told = nested(contact.get("properties"))
    values = {
        "account_id": account,
        "profile_id": contact["id"],
        "email": told.get("email"),
        "phone": told.get("phone"),
        "first_name": told.get("firstname"),
        "last_name": told.get("lastname"),
        "updated_at": instant(contact, "updatedAt"),
    }
    return Row("profiles", values, contact)


def _closed_by(messages: Sequence[JsonObject]) -> str | None:
    """By whom the thread was closed last; null where no step tells."""
    steps = [one for one in messages if one.get("type") == "THREAD_STATUS_CHANGE" and one.get("newStatus") == "CLOSED"]
    last = max(steps, key=lambda one: instant(one, "createdAt") or "", default=None)
    return CLOSERS.get(str(sender(last))) if last else None
