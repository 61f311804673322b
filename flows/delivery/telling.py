"""What there is to tell of one account: events, follow-ups that are due, and who entered or left a segment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flows.delivery.message import Message
from flows.ground.sql import literal
from flows.published.accounts import published_account
from flows.published.follow_ups import known_follow_ups
from flows.published.products import products
from flows.published.segments import find_in_account
from flows.warehouses.reader import Reader

FOLLOW_UP = "Follow-up due after Customer Agent"
CHANGED = {"entered": "Entered segment", "left": "Left segment"}
AGAIN = {"conversation_resolved", "conversation_escalated"}  # a conversation can come to it a second time
WITH_PROFILE = """
left join metrics.profiles as profiles
    on profiles.account_id = told.account_id and profiles.profile_id = told.profile_id
"""
EVENTS = f"""
select told.event_id, told.event, told.event_name, told.occurred_at, told.profile_id, profiles.email, profiles.phone,
    told.conversation_id, told.channel, told.initial_skill, told.final_skill, told.tag, told.escalation_reason,
    told.product_ids, conversations.agent
from metrics.agent_events as told
left join metrics.conversations as conversations
    on conversations.account_id = told.account_id and conversations.conversation_id = told.conversation_id
{WITH_PROFILE}
where told.account_id = {{account}} and told.profile_id is not null and {{time}}
order by told.occurred_at, told.event_id
"""
FOLLOW_UPS = f"""
select told.conversation_id, told.profile_id, profiles.email, profiles.phone, told.due_at, told.recommended_at,
    told.product_ids
from metrics.follow_ups as told
{WITH_PROFILE}
where told.account_id = {{account}} and told.state in ('due', 'sent') and {{time}}
    and not exists (
        select 1 from metrics.orders as orders
        where orders.account_id = told.account_id and orders.profile_id = told.profile_id
            and orders.placed_at > told.recommended_at
    )
order by told.due_at, told.conversation_id
"""
CHANGES = f"""
select told.segment, told.profile_id, profiles.email, profiles.phone, told.changed_at, told.change, segments.name
from metrics.segment_changes as told
left join metrics.segments as segments
    on segments.account_id = told.account_id and segments.segment = told.segment
{WITH_PROFILE}
where told.account_id = {{account}} and told.segment = {{segment}} and {{time}}
order by told.changed_at, told.profile_id
"""


@dataclass(frozen=True)
class Told:
    """A message, what it is about, and the agent of the conversation, None where it has none."""

    about: str
    message: Message
    agent: str | None = None
    can_repeat: bool = False


def events(reader: Reader, account: str, since: datetime | None, until: datetime) -> Iterator[Told]:
    """The four events of known shoppers (rule 7.1), the oldest first, later than `since`.

    Raises InputError for an unknown account.
    """
    of = published_account(reader, account)
    query = EVENTS.format(account=literal(account), time=_between("told.occurred_at", since, until))
    for rows in _rows(reader, query):
        known = products(reader, of, (one for row in rows for one in row[13] or ()))
        for name, event, metric, at, profile, email, phone, conversation, *more, shown, agent in rows:
            channel, initial_skill, final_skill, tag, reason = more
            told = {
                "event": event,
                "conversation_id": conversation,
                "channel": channel,
                "initial_skill": initial_skill,
                "final_skill": final_skill,
                "tag": tag,
                "escalation_reason": reason,
                "product_ids": shown,
                "products": [vars(known[one]) for one in shown] if shown else None,
            }
            message = Message(account, name, "event", metric, profile, _utc(at), email, phone, _given(told))
            yield Told(name, message, agent, can_repeat=event in AGAIN)


def follow_ups(reader: Reader, account: str, since: datetime | None, until: datetime) -> Iterator[Told]:
    """Those that are due (rule 12.4), and those that another destination got; none whose shopper ordered since then.

    Raises InputError for an unknown account, and where what is published is from before there were follow-ups.
    """
    known_follow_ups(reader, account)
    of = published_account(reader, account)
    query = FOLLOW_UPS.format(account=literal(account), time=_between("told.due_at", since, until))
    for rows in _rows(reader, query):
        known = products(reader, of, (one for row in rows for one in row[6] or ()))
        for conversation, profile, email, phone, due_at, recommended_at, shown in rows:
            told = {
                "conversation_id": conversation,
                "recommended_at": _utc(recommended_at).isoformat(),
                "product_ids": shown,
                "products": [vars(known[one]) for one in shown] if shown else None,
            }
            name = f"follow_up/{account}/{conversation}"
            message = Message(account, name, "follow_up", FOLLOW_UP, profile, _utc(due_at), email, phone, _given(told))
            yield Told(conversation, message)


def changes(reader: Reader, account: str, segment: str, since: datetime | None, until: datetime) -> Iterator[Told]:
    """Who entered and left the segment (rule 12.2). Raises InputError where it is not published."""
    find_in_account(reader, segment, account)
    query = CHANGES.format(
        account=literal(account),
        segment=literal(segment),
        time=_between("told.changed_at", since, until),
    )
    for rows in _rows(reader, query):
        for key, profile, email, phone, changed_at, change, title in rows:
            at = _utc(changed_at)
            name = f"segment/{account}/{key}/{at.isoformat()}/{change}/{profile}"
            told = {"segment": key, "segment_name": title, "change": change}
            message = Message(account, name, "segment_change", CHANGED[change], profile, at, email, phone, _given(told))
            yield Told(key, message)


def _between(column: str, since: datetime | None, until: datetime) -> str:
    later = "true" if since is None else f"{column} > {literal(since)}"
    return f"{later} and {column} <= {literal(until)}"


def _rows(reader: Reader, query: str) -> Iterator[list[tuple[Any, ...]]]:
    for batch in reader.batches(query):
        yield list(zip(*(column.to_pylist() for column in batch.columns), strict=True))


def _given(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value is not None}


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)
