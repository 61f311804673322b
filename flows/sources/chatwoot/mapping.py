"""From Chatwoot's conversations, messages and reporting events to rows of the landing contract; pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from flows.sources.api import JsonObject, Misshapen, Part, Row, instant, nested

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
INCOMING, ACTIVITY, AUTOMATIC = 0, 2, 3  # of message_type; 1 is outgoing
HANDED_OFF = ("conversation_bot_handoff", "conversation_captain_handoff")
RESOLVED = ("conversation_bot_resolved", "conversation_captain_resolved")
EVENTS = (*HANDED_OFF, *RESOLVED, "conversation_resolved")
AT_ONCE = timedelta(minutes=1)  # events that tell of one resolution lie so close together
# Of each record: what is read here.
KEPT = ("id", "status", "created_at", "last_activity_at", "timestamp")
KEPT_OF_MESSAGE = ("id", "content", "message_type", "content_type", "content_attributes", "created_at", "sender_type")
KEPT_OF_EVENT = ("id", "name", "conversation_id", "user_id", "event_end_time", "created_at")


def conversation_part(conversation: Any) -> Part:
    """A conversation of the list, without its messages."""
    of, meta = identifier(conversation), nested(conversation.get("meta"))
    contact = nested(meta.get("sender"))
    kept = {name: conversation[name] for name in KEPT if name in conversation}
    kept["channel"] = meta.get("channel")
    kept["contact"] = {name: contact.get(name) for name in ("id", "name", "email", "phone_number")}
    return Part(f"{AGENT}:{of}", "conversation", of, kept, active(conversation))


def message_parts(of: str, message: Any) -> Iterator[Part]:
    """A message that the other side could read; notes and what Chatwoot writes down about itself are none."""
    name = identifier(message)
    if message.get("private") or message.get("message_type") in {ACTIVITY, "activity"}:
        return
    kept = {name: message[name] for name in KEPT_OF_MESSAGE if name in message}
    kept["sender_type"] = message.get("sender_type") or nested(message.get("sender")).get("type")
    yield Part(f"{AGENT}:{of}", "message", name, kept, instant(message, "created_at"))


def event_parts(event: Any) -> Iterator[Part]:
    """What became of a conversation; an event without one is of no use."""
    name = identifier(event)
    if event.get("conversation_id"):
        kept = {name: event[name] for name in KEPT_OF_EVENT if name in event}
        yield Part(f"{AGENT}:{event['conversation_id']}", "event", name, kept, _ended(event))


def conversation_rows(account: str, parts: Sequence[Part], *, has_profiles: bool) -> Iterator[Row]:
    """The rows of a conversation, once it is known itself and an agent took part in it."""
    conversation = next((part.record for part in parts if part.kind == "conversation"), None)
    messages = [part.record for part in parts if part.kind == "message"]
    events = [part.record for part in parts if part.kind == "event"]
    outcomes = [one for one in events if one.get("name") in {*HANDED_OFF, *RESOLVED}]
    if conversation is None or not (outcomes or any(sender(one) == "agent" for one in messages)):
        return
    of, contact = identifier(conversation), nested(conversation.get("contact"))
    closed_at, closed_by = _closing(conversation, events)
    channel = conversation.get("channel")
    last = max(outcomes, key=lambda one: _ended(one) or "", default=None)
    values = {
        "account_id": account,
        "conversation_id": of,
        "channel": CHANNELS.get(str(channel).lower(), channel),
        "created_at": instant(conversation, "created_at"),
        "profile_id": contact.get("id") if has_profiles else None,
        "email": None if has_profiles else contact.get("email"),
        "closed_at": closed_at,
        "closed_by": closed_by,
        "agent": AGENT,
        "rating": next((found for one in messages if (found := _rating(one))), None),
        "source_status": last["name"] if last else conversation.get("status"),
        "updated_at": active(conversation),
    }
    yield Row("conversations", values, conversation)
    if has_profiles and contact.get("id"):
        yield _profile_row(account, contact, active(conversation))
    for event in events:
        if event.get("name") in HANDED_OFF:
            yield _handoff_row(account, of, event)


def message_row(account: str, of: str, message: JsonObject) -> Row:
    values = {
        "account_id": account,
        "message_id": f"{of}/{identifier(message)}",
        "conversation_id": of,
        "sender": sender(message),
        "sent_at": instant(message, "created_at"),
        "text": message.get("content"),
    }
    return Row("messages", values, message)


def sender(message: JsonObject) -> str | None:
    """Who wrote it; a word that is not known stays as it is."""
    if message.get("message_type") in {AUTOMATIC, "template"}:
        return "system"
    said = message.get("sender_type")
    if said:
        return SENDERS.get(re.sub(r"[^a-z]", "", str(said).lower()), str(said))
    return "visitor" if message.get("message_type") in {INCOMING, "incoming"} else "system"


def active(conversation: JsonObject) -> str | None:
    """When something last happened in it: what the list is ordered by."""
    return instant(conversation, "last_activity_at") or instant(conversation, "timestamp")


def identifier(record: Any) -> str:
    """The id as text. Raises Misshapen where there is none."""
    if not isinstance(record, dict) or not record.get("id"):
        raise Misshapen("it has no id")
    return str(record["id"])


def _profile_row(account: str, contact: JsonObject, at: str | None) -> Row:
    values = {
        "account_id": account,
        "profile_id": contact["id"],
        "email": contact.get("email"),
        "phone": contact.get("phone_number"),
        "first_name": contact.get("name"),
        "updated_at": at,
    }
    return Row("profiles", values, contact)


def _handoff_row(account: str, of: str, event: JsonObject) -> Row:
    values = {
        "account_id": account,
        "handoff_event_id": f"{of}/{identifier(event)}",
        "conversation_id": of,
        "type": "accepted",
        "occurred_at": _ended(event),
        "platform": AGENT,
    }
    return Row("handoff_events", values, event)


def _closing(conversation: JsonObject, events: Sequence[JsonObject]) -> tuple[str | None, str | None]:
    """When it was resolved last, and by whom, while it is resolved; null where no event says by whom."""
    if conversation.get("status") != "resolved":
        return None, None
    ends = [(end, one) for one in events if one.get("name") not in HANDED_OFF and (end := _ended(one))]
    if not ends:
        return active(conversation), None
    at = max(end for end, _ in ends)
    since = datetime.fromisoformat(at) - AT_ONCE
    last = [one for end, one in ends if datetime.fromisoformat(end) >= since]
    if any(one.get("name") in RESOLVED for one in last):
        return at, "agent"
    return at, "human" if any(one.get("user_id") for one in last) else None


def _ended(event: JsonObject) -> str | None:
    return instant(event, "event_end_time") or instant(event, "created_at")


def _rating(message: JsonObject) -> int | None:
    """The answer to Chatwoot's survey, from 1 to 5."""
    answered = nested(nested(message.get("content_attributes")).get("submitted_values"))
    value = nested(answered.get("csat_survey_response")).get("rating")
    return value if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 5 else None
