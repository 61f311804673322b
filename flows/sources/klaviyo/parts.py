"""A conversation from all that tells of it; pure functions.

The Customer Agent API knows its status, times and messages, the events know its channel, profile, tag, skill and
products.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flows.sources.api import Part, Row, Unknown, rows_of
from flows.sources.klaviyo import mapping
from flows.sources.klaviyo.agent import Message, Thread
from flows.sources.klaviyo.mapping import OF_CONVERSATIONS, Interaction
from flows.sources.klaviyo.properties import instant, normal, product_id, product_of, tag_of, text_of, texts_of
from flows.sources.klaviyo.records import Event

TABLES = {"message": "messages", "escalated": "handoff_events"}  # of others it is conversations or interactions
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Words:
    """What an account's own words mean.

    `skills` are ids of skills by the normal form of everything that they are called, `interactions` what events of a
    kind are, `channel` is that of conversations of which no event names one.
    """

    skills: Mapping[str, str]
    interactions: Mapping[str, Interaction]
    channel: str | None


@dataclass
class Told:
    """All that is known of one conversation; `sold` has the product that each SKU is that a part `product` names."""

    id: str
    thread: Thread | None = None
    messages: list[Message] = field(default_factory=list)
    events: dict[str, list[Event]] = field(default_factory=dict)
    sold: dict[str, str] = field(default_factory=dict)

    def add(self, part: Part) -> Sequence[Row]:
        """Read a part as the lake has it; there are no rows yet. What it had besides was told when it came."""
        unknown = Unknown()
        if part.kind == "product":
            self.sold[part.id] = str(part.record)
        elif part.kind == "conversation":
            self.thread = Thread.read(part.record, unknown)
        elif part.kind == "message":
            self.messages.append(Message.read(part.record, unknown))
        else:
            self.events.setdefault(part.kind, []).append(Event.read(part.record, unknown))
        return ()

    @property
    def own_events(self) -> list[Event]:
        """Those of the Customer Agent itself."""
        return [event for kind in OF_CONVERSATIONS for event in self.events.get(kind, ())]


def conversation_rows(account: str, of: str, parts: Sequence[Part], words: Words) -> Iterator[Row]:
    """The rows of one conversation from all that is known of it.

    The conversation itself waits for its channel, which an event brings, unless it names one or `words` say it.
    """
    told = Told(of)
    for part in parts:
        table = "interactions" if part.kind in words.interactions else TABLES.get(part.kind, "conversations")
        yield from rows_of(table, account, part.record, lambda: told.add(part))  # noqa: B023
    yield from _conversation(account, told, words.channel)
    yield from (_handoff(account, of, event) for event in told.events.get("escalated", ()))
    yield from _messages(account, told, words.skills)
    for kind, one in words.interactions.items():
        yield from (_interaction(account, of, one, event, told.sold) for event in told.events.get(kind, ()))


def _handoff(account: str, of: str, event: Event) -> Row:
    values = {
        "account_id": account,
        "handoff_event_id": event.id,
        "conversation_id": of,
        "type": "accepted",
        "occurred_at": event.happened,
        "reason": text_of(event.said(mapping.REASON)),
    }
    return Row("handoff_events", values, event.kept())


def _interaction(account: str, of: str, one: Interaction, event: Event, sold: Mapping[str, str]) -> Row:
    values = {
        "account_id": account,
        "interaction_id": event.id,
        "conversation_id": of,
        "type": one.type,
        "occurred_at": event.happened,
        "product_id": sold.get(product, product) if (product := product_of(event.said(one.product))) else None,
        "url": text_of(event.said(one.url)),
        "quantity": event.said(one.quantity) if one.type == "add_to_cart" else None,
        "profile_id": event.profile_id,
    }
    return Row("interactions", values, event.kept())


def _conversation(account: str, told: Told, default: str | None) -> Iterator[Row]:
    thread, events = told.thread or Thread(id=told.id), told.own_events
    given = thread.attributes
    channel = next(
        (said for event in events if (said := text_of(event.said(mapping.CHANNEL)))), given.channel or default
    )
    started = next((event.happened for event in told.events.get("started", ())), None)
    created = given.created_at or started
    if channel is None or created is None:
        return
    profile = next((event.profile_id for event in events if event.profile_id), None)
    tagged = [tag_of(tags) for event in events if (tags := event.said(mapping.TAGS))]
    times = [at for at in (given.updated_at, *(event.happened for event in events)) if at]
    values = {
        "account_id": account,
        "conversation_id": told.id,
        "channel": mapping.CHANNELS.get(normal(channel), channel),
        "agent": "klaviyo",
        "created_at": created,
        "profile_id": profile,
        "email": given.customer.email if given.customer and not profile else None,
        "tag": tagged[-1] if tagged else None,
        "source_status": given.status,
        "updated_at": max(times, key=lambda at: instant(at) or EARLIEST) if times else None,
    }
    record = {
        "conversation": told.thread.kept() if told.thread else {},
        "events": [event.kept() for event in events],
    }
    yield Row("conversations", values, record)


def _messages(account: str, told: Told, skills: Mapping[str, str]) -> Iterator[Row]:
    """Messages, with the skill and the products that events tell of on the agent's message next to them in time."""
    rows = []
    for message in told.messages:
        given = message.attributes
        role = given.role or ""
        values = {
            "account_id": account,
            "message_id": f"{told.id}/{message.id}",
            "conversation_id": told.id,
            "sender": mapping.SENDERS.get(normal(role), role),
            "sent_at": given.created_at,
            "text": given.content,
            "updated_at": given.updated_at,
        }
        rows.append(Row("messages", values, message.kept()))
    sent = [(instant(row.values["sent_at"]), row) for row in rows if row.values["sender"] == "agent"]
    answers = [(at, row) for at, row in sent if at]
    found: dict[str, dict[str, Any]] = {}
    for kind in ("resolved", "escalated", "recommended") if answers else ():
        for event in told.events.get(kind, ()):
            at = instant(event.happened) or EARLIEST
            _, nearest = min(answers, key=lambda one: abs(one[0] - at))
            about = found.setdefault(nearest.values["message_id"], {})
            if kind == "recommended":
                named = map(product_id, texts_of(event.said(mapping.PRODUCTS)))
                about.setdefault("recommended_product_ids", []).extend(told.sold.get(name, name) for name in named)
            elif skill := text_of(event.said(mapping.SKILL)):
                about["skill"] = skills.get(normal(skill), skill)
    for row in rows:
        yield Row("messages", {**row.values, **found.get(row.values["message_id"], {})}, row.record)
