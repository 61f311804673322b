"""The four events as metrics: how many a day, and their feed (chapter 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.published.accounts import PublishedAccount
from flows.published.filters import one_of
from flows.published.gaps import visible
from flows.published.products import Product, products
from flows.warehouses.reader import Reader

EVENTS: Mapping[str, str] = MappingProxyType(  # rule 7.3
    {
        "conversation_started": "Started conversation with Customer Agent",
        "conversation_resolved": "Conversation with Customer Agent resolved",
        "conversation_escalated": "Conversation with Customer Agent escalated",
        "product_recommended": "Received product recommendation from Customer Agent",
    }
)
COUNTS = """
select {day}, count(*) from metrics.agent_events as events
where {condition}
group by 1
"""
FEED = """
with shown as (
    select * from metrics.agent_events as events
    where {condition}
    order by events.occurred_at desc, events.event_id
    limit {limit} offset {offset}
)
select shown.event_id, shown.event, shown.occurred_at, shown.conversation_id, shown.profile_id, {profile_name},
    shown.channel, shown.initial_skill, shown.final_skill, shown.tag, shown.escalation_reason, shown.product_ids
from shown
left join metrics.conversations
    on conversations.account_id = {account} and conversations.conversation_id = shown.conversation_id
order by shown.occurred_at desc, shown.event_id
"""


@dataclass(frozen=True)
class Event:
    """One event at an instant in UTC, with the properties that the contract gives its kind; the others are None."""

    event_id: str
    event: str
    occurred_at: datetime
    conversation_id: str
    profile_id: str | None
    profile_name: str | None
    channel: str
    initial_skill: str | None
    final_skill: str | None
    tag: str | None
    escalation_reason: str | None
    products: tuple[Product, ...]


def counts(
    reader: Reader,
    account: PublishedAccount,
    event: str | None,
    first: date,
    last: date,
    *,
    channels: tuple[str, ...] = (),
) -> tuple[tuple[date, int], ...]:
    """How many on each local date from `first` to `last`, both included, also where there are none.

    `event` is one of EVENTS, None for all of them. Raises InputError for an unknown one.
    """
    condition = _condition(account, event, first, last, channels)
    found: dict[date, int] = dict(
        reader.rows(COUNTS.format(day=account.date_of("events.occurred_at"), condition=condition))
    )
    days = (first + timedelta(days=day) for day in range((last - first).days + 1))
    return tuple((day, found.get(day, 0)) for day in days)


def feed(
    reader: Reader,
    account: PublishedAccount,
    event: str | None,
    first: date,
    last: date,
    *,
    channels: tuple[str, ...] = (),
    offset: int = 0,
    limit: int = 50,
) -> tuple[Event, ...]:
    """The events of these local dates, the newest first, ties by id; arguments and errors as in `counts`."""
    rows = reader.rows(
        FEED.format(
            condition=_condition(account, event, first, last, channels),
            account=literal(account.account_id),
            profile_name=visible(reader, "conversations", "profile_name", "conversations.profile_name"),
            limit=literal(limit),
            offset=literal(offset),
        )
    )
    known = products(reader, account, (one for row in rows for one in row[-1] or ()))
    return tuple(
        Event(*(*row[:2], row[2].astimezone(UTC), *row[3:-1], tuple(known[one] for one in row[-1] or ())))
        for row in rows
    )


def _condition(account: PublishedAccount, event: str | None, first: date, last: date, channels: tuple[str, ...]) -> str:
    if event is not None and event not in EVENTS:
        raise InputError(f"there is no event {event[:100]!r}", where="event", remedy=f"give one of {', '.join(EVENTS)}")
    wanted = (event,) if event else tuple(EVENTS)
    of = f"events.account_id = {literal(account.account_id)} and events.event in {one_of(wanted)}"
    through = f" and events.channel in {one_of(channels)}" if channels else ""
    return f"{of} and {account.on_dates('events.occurred_at', first, last)}{through}"
