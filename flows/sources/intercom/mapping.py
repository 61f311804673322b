"""From Intercom's conversations and contacts to rows of the landing contract; pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from flows.sources.api import Row, Unknown
from flows.sources.intercom.records import (
    AiAgent,
    Author,
    Contact,
    ContentSource,
    Conversation,
    ConversationPart,
    PartKind,
    Reference,
    Source,
)

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
CLOSERS = {
    "agent": "agent",
    "system": "agent",
    "human": "human",
    "visitor": "visitor",
}  # a program closes for the agent
HANDED_OFF = {"escalated", "procedure_handoff"}


@dataclass(frozen=True)
class Thread:
    """A conversation, what happened in it and what Fin used, as far as it can be read; `unread` are other messages."""

    conversation: Conversation
    parts: Sequence[ConversationPart]
    contents: Sequence[ContentSource]
    unread: int

    @property
    def answers(self) -> list[ConversationPart]:
        """What Fin did, oldest first."""
        return [one for one in self.in_order if sender(one.author) == "agent"]

    @property
    def in_order(self) -> list[ConversationPart]:
        """The parts, oldest first; what does not say when it was has no order."""
        return sorted((one for one in self.parts if one.created_at), key=_at)

    @property
    def articles(self) -> dict[str, ContentSource]:
        """What Fin used, by id."""
        return {name: one for one in self.contents if (name := article_id(one))}


def parts(record: Any, unknown: Unknown) -> Iterator[ConversationPart]:
    """The part. Raises ValidationError where it cannot be read and is a message; notes are kept nowhere."""
    if PartKind.read(record, Unknown()).is_message:
        yield ConversationPart.read(record, unknown)
        return
    with suppress(ValidationError):
        yield ConversationPart.read(record, unknown)


def is_whole(record: Any) -> bool:
    """Whether a conversation came with as many parts as it has; of another record more cannot be had."""
    try:
        found = Conversation.read(record, Unknown())
    except ValidationError:
        return True
    return len(found.conversation_parts.conversation_parts) >= min(found.part_count or 0, MOST_PARTS)


def contact_id(conversation: Conversation) -> str | None:
    """The shopper: the first contact, else who began."""
    for contact in conversation.contacts.contacts:
        if contact and contact.id:
            return contact.id
    author = conversation.source.author if conversation.source else None
    return author.id if author and SENDERS.get(author.type or "") == "visitor" else None


def id_of(record: Any) -> str | None:
    """The id of a record that is not read otherwise, None where it has none that can be read."""
    try:
        return Reference.read(record, Unknown()).id
    except ValidationError:
        return None


def rows(account: str, thread: Thread, contact: Contact | None, *, has_profiles: bool) -> Iterator[Row]:
    """All rows of a conversation; `contact` is its shopper, who is a profile or is known by the email alone."""
    yield _conversation_row(account, thread, contact, has_profiles=has_profiles)
    yield from _opening_rows(account, thread.conversation)
    yield from _message_rows(account, thread)
    yield from _handoff_rows(account, thread)
    for name, source in thread.articles.items():  # Intercom gives no texts with it
        values = {"account_id": account, "article_id": name, "title": source.title or name, "url": source.url}
        yield Row("articles", values, source.kept())
    yield from _count_rows(account, thread)


def profile_row(account: str, contact: Contact) -> Row:
    values = {
        "account_id": account,
        "profile_id": contact.id,
        "email": contact.email,
        "phone": contact.phone,
        "first_name": contact.name,
        "updated_at": contact.updated_at,
    }
    return Row("profiles", values, contact.kept())


def sender(author: Author | None) -> str | None:
    """Who wrote it; a word that is not known stays as it is."""
    if author is None:
        return None
    return "agent" if author.from_ai_agent else SENDERS.get(author.type or "", author.type)


def rating(value: int | None) -> int | None:
    """The shopper's verdict from 1 to 5; others are none."""
    return value if value is not None and 1 <= value <= 5 else None


def article_id(source: ContentSource) -> str | None:
    """The number of an article, which stands in its address, else the address, else the title."""
    url = source.url or ""
    number = re.search(r"/articles/(?:articles/)?(\d+)", url) if source.content_type == "article" else None
    return number[1] if number else url or source.title


def _conversation_row(account: str, thread: Thread, contact: Contact | None, *, has_profiles: bool) -> Row:
    conversation = thread.conversation
    source, given = conversation.source or Source(), conversation.ai_agent or AiAgent()
    channel = (conversation.channel.initial if conversation.channel else None) or source.type
    theirs = conversation.conversation_rating.rating if conversation.conversation_rating else None
    closed_at, closed_by = _closing(thread)
    values = {
        "account_id": account,
        "conversation_id": conversation.id,
        "channel": CHANNELS.get((channel or "").lower(), channel),
        "created_at": conversation.created_at,
        "profile_id": contact_id(conversation) if has_profiles else None,
        "email": None if has_profiles or contact is None else contact.email,
        "closed_at": closed_at,
        "closed_by": closed_by,
        "agent": AGENT,
        "rating": rating(given.rating) or rating(theirs),
        "source_status": given.resolution_state,
        "updated_at": conversation.updated_at,
    }
    return Row("conversations", values, {**conversation.kept(), "source": {"type": source.type}})


def _opening_rows(account: str, conversation: Conversation) -> Iterator[Row]:
    """The message that opened the conversation."""
    source = conversation.source
    if source is None or not (source.body or source.subject or source.attachments):
        return
    values = {
        "account_id": account,
        "message_id": f"{conversation.id}/source",
        "conversation_id": conversation.id,
        "sender": sender(source.author),
        "sent_at": conversation.created_at,
        "text": source.body or source.subject,
    }
    yield Row("messages", values, source.kept())


def _message_rows(account: str, thread: Thread) -> Iterator[Row]:
    """What somebody wrote to the other side; Fin's last answer stands on the articles.

    Intercom names them for the conversation, not for each answer.
    """
    of = thread.conversation.id
    answers = [one for one in thread.answers if one.is_message]
    said = [one for one in answers if one.author and one.author.is_ai_answer] or answers
    last = max(said, key=_at, default=None)
    for part in thread.parts:
        if part.is_message:
            values = {
                "account_id": account,
                "message_id": f"{of}/{part.id}",
                "conversation_id": of,
                "sender": sender(part.author),
                "sent_at": part.created_at,
                "text": part.body,
                "article_ids": list(thread.articles) or None if part is last else None,
                "updated_at": part.updated_at,
            }
            yield Row("messages", values, part.kept())


def _handoff_rows(account: str, thread: Thread) -> Iterator[Row]:
    """That Fin handed over, as its resolution state says, and every person whom the conversation was assigned to after.

    Who was assigned before Fin answered only owns the inbox.
    """
    of, answers = thread.conversation.id, thread.answers
    machines = {None, "0", *(one.author.id for one in answers if one.author)}
    assigned = [
        (one, one.assigned_to)
        for one in thread.in_order
        if answers and _at(one) > _at(answers[0]) and one.assigned_to and one.assigned_to.id not in machines
    ]
    common = {"account_id": account, "conversation_id": of, "platform": AGENT}
    given = thread.conversation.ai_agent
    if given and given.resolution_state in HANDED_OFF:
        last = next((one for one, to in assigned if to.type in {"admin", "team"}), answers[-1] if answers else None)
        step = {"type": "accepted", "occurred_at": (last or thread.conversation).created_at}
        values = {**common, "handoff_event_id": f"{of}/handoff", **step, "reason": given.resolution_state}
        yield Row("handoff_events", values, {"id": of, "ai_agent": given.kept()})
    for one, to in assigned:
        if to.type == "admin":
            step = {"type": "human_joined", "occurred_at": one.created_at}
            values = {**common, "handoff_event_id": f"{of}/{one.id}", **step, "reason": None}
            yield Row("handoff_events", values, {"id": one.id, "assigned_to": to.kept()})


def _count_rows(account: str, thread: Thread) -> Iterator[Row]:
    """How many messages the conversation has by its own counter; a part that did not come counts as a message."""
    conversation = thread.conversation
    count, given = conversation.part_count, len(conversation.conversation_parts.conversation_parts)
    if count is None:
        return
    there = sum(one.is_message for one in thread.parts) + thread.unread
    opened = len(list(_opening_rows(account, conversation)))
    values = {
        "account_id": account,
        "count_id": f"{AGENT}/messages/{conversation.id}",
        "source": AGENT,
        "thing": "messages",
        "conversation_id": conversation.id,
        "value": opened + there + max(count - given, 0),
        "counted_at": conversation.updated_at,
    }
    yield Row("source_counts", values, {"id": conversation.id, "parts": count, "given": given})


def _closing(thread: Thread) -> tuple[str | None, str | None]:
    """When the conversation was closed last, and by whom, where it is closed."""
    conversation = thread.conversation
    if conversation.state != "closed":
        return None, None
    last = max((one for one in thread.in_order if one.part_type == "close"), key=_at, default=None)
    said = conversation.statistics.last_close_at if conversation.statistics else None
    at = said or (last.created_at if last else None)
    return at, CLOSERS.get(sender(last.author) or "") if last and at else None


def _at(part: ConversationPart) -> str:
    return part.created_at or ""
