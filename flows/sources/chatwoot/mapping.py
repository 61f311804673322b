"""From Chatwoot's conversations, messages and reporting events to rows of the landing contract; pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from flows.sources.api import Part, Row, Unknown
from flows.sources.chatwoot.records import (
    AUTOMATIC,
    INCOMING,
    Contact,
    Conversation,
    Event,
    KnownConversation,
    Message,
    MessageKind,
    Meta,
)

AGENT = "chatwoot"
CHANNELS = {
    "channel::webwidget": "web_chat",
    "channel::email": "email",
    "channel::sms": "sms",
    "channel::whatsapp": "whatsapp",
    "channel::facebookpage": "facebook",
    "channel::instagram": "instagram",
    "channel::voice": "voice",
}
# As the records spell them in one place (Captain::Assistant) and in another (captain_assistant).
SENDERS = {
    "contact": "visitor",
    "user": "human",
    "agentbot": "agent",
    "captainassistant": "agent",
}
HANDED_OFF = ("conversation_bot_handoff", "conversation_captain_handoff")
RESOLVED = ("conversation_bot_resolved", "conversation_captain_resolved")
EVENTS = (*HANDED_OFF, *RESOLVED, "conversation_resolved")
AT_ONCE = timedelta(minutes=1)  # events that tell of one resolution lie so close together


def conversation_part(conversation: Conversation) -> Part:
    """A conversation of the list, without its messages."""
    meta = conversation.meta or Meta()
    kept = {**conversation.kept(), "channel": meta.channel, "contact": meta.sender.kept() if meta.sender else None}
    return Part(f"{AGENT}:{conversation.id}", "conversation", conversation.id, kept, conversation.active)


def message_parts(of: str, record: Any, unknown: Unknown) -> Iterator[Part]:
    """A message that the other side could read; of others nothing is kept, not even as refused."""
    if MessageKind.read(record, Unknown()).is_message:
        message = Message.read(record, unknown)
        yield Part(f"{AGENT}:{of}", "message", message.id, message.kept(), message.created_at)


def event_parts(event: Event) -> Iterator[Part]:
    """What became of a conversation; an event without one is of no use."""
    if event.conversation_id:
        yield Part(f"{AGENT}:{event.conversation_id}", "event", event.id, event.kept(), event.ended)


def rows(
    account: str,
    conversation: KnownConversation,
    messages: Sequence[Message],
    events: Sequence[Event],
    *,
    has_profiles: bool,
) -> Iterator[Row]:
    """The rows of a conversation, if an agent took part in it."""
    outcomes = [one for one in events if one.name in {*HANDED_OFF, *RESOLVED}]
    if not outcomes and not any(sender(one) == "agent" for one in messages):
        return
    contact = conversation.contact or Contact()
    closed_at, closed_by = _closing(conversation, events)
    last = max(outcomes, key=lambda one: one.ended or "", default=None)
    values = {
        "account_id": account,
        "conversation_id": conversation.id,
        "channel": CHANNELS.get((conversation.channel or "").lower(), conversation.channel),
        "created_at": conversation.created_at,
        "profile_id": contact.id if has_profiles else None,
        "email": None if has_profiles else contact.email,
        "closed_at": closed_at,
        "closed_by": closed_by,
        "agent": AGENT,
        "rating": next((found for one in messages if (found := one.rating)), None),
        "source_status": last.name if last else conversation.status,
        "updated_at": conversation.active,
    }
    yield Row("conversations", values, conversation.kept())
    if has_profiles and contact.id:
        yield _profile_row(account, contact, conversation.active)
    for event in events:
        if event.name in HANDED_OFF:
            yield _handoff_row(account, conversation.id, event)
    for message in messages:
        yield _message_row(account, conversation.id, message)


def sender(message: Message) -> str | None:
    """Who wrote it; a word that is not known stays as it is."""
    if message.message_type in AUTOMATIC:
        return "system"
    said = message.sender_type or (message.sender.type if message.sender else None)
    if said:
        return SENDERS.get(re.sub(r"[^a-z]", "", said.lower()), said)
    return "visitor" if message.message_type in INCOMING else "system"


def _message_row(account: str, of: str, message: Message) -> Row:
    values = {
        "account_id": account,
        "message_id": f"{of}/{message.id}",
        "conversation_id": of,
        "sender": sender(message),
        "sent_at": message.created_at,
        "text": message.content,
    }
    return Row("messages", values, message.kept())


def _profile_row(account: str, contact: Contact, at: str | None) -> Row:
    values = {
        "account_id": account,
        "profile_id": contact.id,
        "email": contact.email,
        "phone": contact.phone_number,
        "first_name": contact.name,
        "updated_at": at,
    }
    return Row("profiles", values, contact.kept())


def _handoff_row(account: str, of: str, event: Event) -> Row:
    values = {
        "account_id": account,
        "handoff_event_id": f"{of}/{event.id}",
        "conversation_id": of,
        "type": "accepted",
        "occurred_at": event.ended,
        "platform": AGENT,
    }
    return Row("handoff_events", values, event.kept())


def _closing(conversation: KnownConversation, events: Sequence[Event]) -> tuple[str | None, str | None]:
    """When it was resolved last, and by whom, while it is resolved; null where no event says by whom."""
    if conversation.status != "resolved":
        return None, None
    ends = [(one.ended, one) for one in events if one.name not in HANDED_OFF and one.ended]
    if not ends:
        return conversation.active, None
    at = max(end for end, _ in ends)
    since = datetime.fromisoformat(at) - AT_ONCE
    last = [one for end, one in ends if datetime.fromisoformat(end) >= since]
    if any(one.name in RESOLVED for one in last):
        return at, "agent"
    return at, "human" if any(one.user_id for one in last) else None
