"""Who waits for a person, the longest first (rule 13.2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from flows.ground.sql import literal
from flows.ground.text import counted
from flows.published.accounts import PublishedAccount
from flows.published.filters import one_of
from flows.published.gaps import visible
from flows.warehouses.reader import Reader

WAITING = ("waiting", "lost")  # outcomes: a person is still to come
WAITING_COUNT = """
select count(*) filter (where outcome = 'waiting'), count(*) filter (where outcome = 'lost')
from metrics.handoffs where account_id = {account}{channels} and outcome in {waiting}
"""
WAITING_ROWS = """
select handoffs.conversation_id, {profile_name}, handoffs.channel, handoffs.tag, handoffs.reason, handoffs.platform,
    handoffs.ticket_id, handoffs.outcome, handoffs.outcome_reason,
    coalesce(handoffs.handed_off_at, handoffs.began_at) as since
from metrics.handoffs
inner join metrics.conversations
    on conversations.account_id = handoffs.account_id and conversations.conversation_id = handoffs.conversation_id
where handoffs.account_id = {account}{channels} and handoffs.outcome in {waiting}
order by since, handoffs.conversation_id
limit {limit} offset {offset}
"""


@dataclass(frozen=True)
class Waits:
    """How many shoppers wait for a person, and how many waited until they were lost (rule 13.2)."""

    waiting: int
    lost: int

    @property
    def total(self) -> int:
        return self.waiting + self.lost

    @property
    def words(self) -> str:
        """As the page and the commands say it: 1 shopper waits for a person, 2 were lost."""
        waiting = counted(self.waiting, "shopper waits for a person", "shoppers wait for a person")
        return f"{waiting}, {counted(self.lost, 'was lost', 'were lost')}"


@dataclass(frozen=True)
class WaitingHandoff:
    """A shopper to whom a person is still to come; `since` is when the hand-off happened, in UTC.

    `profile_name` is None where this reader may not see it.
    """

    conversation_id: str
    profile_name: str | None
    channel: str
    tag: str | None
    reason: str | None
    platform: str | None
    ticket_id: str | None
    outcome: str
    outcome_reason: str | None
    since: datetime


def are_published(reader: Reader) -> bool:
    """Whether the version that published knew hand-offs."""
    return reader.sees("metrics.handoffs", "outcome")


def count(reader: Reader, account: PublishedAccount, channels: tuple[str, ...] = ()) -> Waits:
    """How many they are, whenever that began."""
    query = WAITING_COUNT.format(**_of(account, channels), waiting=one_of(WAITING))
    ((waiting, lost),) = reader.rows(query)
    return Waits(waiting, lost)


def page(
    reader: Reader, account: PublishedAccount, channels: tuple[str, ...] = (), *, offset: int = 0, limit: int = 10
) -> tuple[WaitingHandoff, ...]:
    """Those who wait, the longest first."""
    query = WAITING_ROWS.format(
        **_of(account, channels, "handoffs."),
        waiting=one_of(WAITING),
        profile_name=visible(reader, "conversations", "profile_name", "conversations.profile_name"),
        limit=literal(limit),
        offset=literal(offset),
    )
    found = (WaitingHandoff(*row) for row in reader.rows(query))
    return tuple(replace(one, since=one.since.astimezone(UTC)) for one in found)


def _of(account: PublishedAccount, channels: tuple[str, ...], table: str = "") -> dict[str, str]:
    among = f" and {table}channel in {one_of(channels)}" if channels else ""
    return {"account": literal(account.account_id), "channels": among}
