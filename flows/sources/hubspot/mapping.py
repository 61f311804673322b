"""From HubSpot's threads, messages and contacts to rows of the landing contract; pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from flows.sources.api import Part, Row
from flows.sources.hubspot.records import Contact, KnownThread, Message, Properties, Said, Thread

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
PREFIXES = {
    "A": "AGENT",
    "V": "VISITOR",
    "B": "BOT",
    "L": "LLM",
    "S": "SYSTEM",
    "I": "INTEGRATOR",
    "E": "EMAIL",
}
WRITTEN = {"MESSAGE", "WELCOME_MESSAGE"}  # comments are for colleagues
STEPS = {"ASSIGNMENT", "THREAD_STATUS_CHANGE"}
CLOSERS = {"agent": "agent", "system": "agent", "human": "human", "visitor": "visitor"}


def name_of(thread_id: str) -> str:
    """By what the parts of a thread are known."""
    return f"{AGENT}:{thread_id}"


def thread_part(thread: Thread, channel: str | None, contact: Contact | None) -> Part:
    record = {"thread": thread.kept(), "channel": channel, "contact": contact.kept() if contact else None}
    return Part(name_of(thread.id), "thread", "", record, thread.latestMessageTimestamp)


def message_parts(of: str, message: Message, actors: Mapping[str, str]) -> Iterator[Part]:
    """A message, or a step of the thread; `actors` are the types of actors by their ids."""
    if message.type in WRITTEN | STEPS and not message.archived:
        types = (actor_type(name, actors) for name in message.actor_ids)
        record = {
            **message.kept(),
            "actor": next(filter(None, types), None),
            "assignee": actor_type(message.assignedTo or "", actors),
        }
        yield Part(name_of(of), "message", message.id, record, message.updatedAt or message.createdAt)


def actor_type(name: str, actors: Mapping[str, str]) -> str | None:
    """What kind of actor an id names: as HubSpot says, else by its first letter; a word that is not known stays."""
    prefix = name.partition("-")[0]
    return actors.get(name) or PREFIXES.get(prefix, prefix) or None


def thread_rows(account: str, known: KnownThread, messages: Sequence[Said], *, has_profiles: bool) -> Iterator[Row]:
    """The rows of a thread in which an agent wrote; none where only people did."""
    answers = [one for one in messages if one.type == "MESSAGE" and sender(one) == "agent"]
    if not answers:
        return
    thread, contact = known.thread, known.contact
    channel = known.channel or thread.originalChannelId
    closed_at = thread.closedAt if thread.status == "CLOSED" else None
    values = {
        "account_id": account,
        "conversation_id": thread.id,
        "channel": CHANNELS.get(normal(channel), channel),
        "created_at": thread.createdAt,
        "profile_id": contact.id if contact and has_profiles else None,
        "email": contact.properties.email if contact and contact.properties and not has_profiles else None,
        "closed_at": closed_at,
        "closed_by": _closed_by(messages) if closed_at else None,
        "agent": AGENT,
        "source_status": thread.status,
        "updated_at": thread.latestMessageTimestamp,
    }
    yield Row("conversations", values, known.kept())
    if contact and has_profiles:
        yield _profile_row(account, contact)
    began = min(one.createdAt or "" for one in answers)
    ticket = thread.threadAssociations.associatedTicketId if thread.threadAssociations else None
    for one in messages:
        if one.type == "ASSIGNMENT" and one.assignee == "AGENT" and one.createdAt and one.createdAt > began:
            of, at = thread.id, one.createdAt
            step = {"handoff_event_id": f"{of}/{one.id}", "type": "human_joined", "occurred_at": at}
            common = {"account_id": account, "conversation_id": of, "platform": AGENT, "ticket_id": ticket}
            yield Row("handoff_events", {**common, **step}, one.kept())


def message_rows(account: str, of: str, messages: Sequence[Said]) -> Iterator[Row]:
    for message in messages:
        if message.type in WRITTEN:
            values = {
                "account_id": account,
                "message_id": f"{of}/{message.id}",
                "conversation_id": of,
                "sender": sender(message),
                "sent_at": message.createdAt,
                "text": message.text,
                "updated_at": message.updatedAt,
            }
            yield Row("messages", values, message.kept())


def sender(message: Said) -> str | None:
    """Who wrote it; a word that is not known stays as it is."""
    if message.type == "WELCOME_MESSAGE":
        return "system"
    if message.actor == "EMAIL":  # whoever writes from an address that is nobody's in HubSpot
        return "visitor" if message.direction == "INCOMING" else "human"
    return ACTORS.get(message.actor or "", message.actor)


def normal(name: object) -> str:
    """A name without case, blanks and punctuation."""
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def _profile_row(account: str, contact: Contact) -> Row:
    told = contact.properties or Properties()
    values = {
        "account_id": account,
        "profile_id": contact.id,
        "email": told.email,
        "phone": told.phone,
        "first_name": told.firstname,
        "last_name": told.lastname,
        "updated_at": contact.updatedAt,
    }
    return Row("profiles", values, contact.kept())


def _closed_by(messages: Sequence[Said]) -> str | None:
    """By whom the thread was closed last; null where no step tells."""
    steps = [one for one in messages if one.type == "THREAD_STATUS_CHANGE" and one.newStatus == "CLOSED"]
    last = max(steps, key=lambda one: one.createdAt or "", default=None)
    return CLOSERS.get(str(sender(last))) if last else None
