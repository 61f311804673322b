"""Follow-ups that are published: how many are in which state, and the conversations of each (rule 12.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import contract
from flows.ground.clock import utc_text
from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.published.accounts import accounts, of_id
from flows.published.segments import of_account, of_publication
from flows.warehouses.publication import Publication, newest_publication
from flows.warehouses.reader import Reader

STATES = contract.metrics()["follow_ups"].column("state").values
REASONS = contract.metrics()["follow_ups"].column("reason").values
COUNTS = """
select account_id, state, reason, count(*) from metrics.follow_ups
where {condition} group by account_id, state, reason
"""
ROWS = """
select account_id, conversation_id, profile_id, product_ids, recommended_at, due_at, state, reason, sent_at
from metrics.follow_ups where {condition}
order by due_at desc, account_id, conversation_id {limit}
"""


@dataclass(frozen=True)
class FollowUp:
    """A row of `metrics.follow_ups`; instants are in UTC."""

    account: str
    conversation_id: str
    profile_id: str
    product_ids: tuple[str, ...]
    recommended_at: datetime
    due_at: datetime
    state: str
    reason: str | None
    sent_at: datetime | None

    def to_json_dict(self) -> dict[str, Any]:
        instants = {name: utc_text(getattr(self, name)) for name in ("recommended_at", "due_at", "sent_at")}
        return {**asdict(self), **instants}


@dataclass(frozen=True)
class FollowUpCount:
    """How many of an account are in a state, for a reason where the state has one."""

    account: str
    state: str
    reason: str | None
    count: int


@dataclass(frozen=True)
class PublishedFollowUps:
    """`counts` are of all states, in the order of the rule, whatever `rows` are limited to; `state` None is any."""

    publication: Publication
    account: str | None
    state: str | None
    counts: tuple[FollowUpCount, ...]
    rows: tuple[FollowUp, ...]

    @property
    def found(self) -> int:
        """Of which `rows` are some, or all."""
        return sum(one.count for one in self.counts if self.state in {None, one.state})

    @property
    def by_state(self) -> dict[str, int]:
        """Of every state, also where there are none."""
        counted = Counter(dict.fromkeys(STATES, 0))
        for one in self.counts:
            counted[one.state] += one.count
        return dict(counted)

    def to_json_dict(self) -> dict[str, Any]:
        return {
            **of_publication(self.publication),
            "account": self.account,
            "state": self.state,
            "counts": [asdict(one) for one in self.counts],
            "follow_ups": [one.to_json_dict() for one in self.rows],
        }


def follow_ups(
    reader: Reader, account: str | None = None, state: str | None = None, limit: int | None = 20
) -> PublishedFollowUps:
    """Counts, and rows of a state or of all, those first that are due last; of one account or of all.

    Raises InputError for an unknown account or state, and before the first publication that has follow-ups.
    """
    publication = newest_publication(reader)
    known_follow_ups(reader, account)
    if state is not None and state not in STATES:
        raise InputError(f"there is no state {state!r}", remedy=f"a follow-up is one of: {', '.join(STATES)}")
    of = of_account(account)
    counts = [FollowUpCount(*row) for row in reader.rows(COUNTS.format(condition=of))]
    only = of if state is None else f"{of} and state = {literal(state)}"
    rows = reader.rows(ROWS.format(condition=only, limit="" if limit is None else f"limit {int(limit)}"))
    return PublishedFollowUps(publication, account, state, _in_order(counts), tuple(_read(row) for row in rows))


def known_follow_ups(reader: Reader, account: str | None) -> None:
    """Raises InputError for an unknown account, and where what is published is from before there were follow-ups."""
    if not reader.sees("metrics.follow_ups", "state"):
        what = "the publication comes from a version that knew no follow-ups"
        raise InputError(what, remedy="`agent-metrics run` builds and publishes them")
    if account is not None:
        of_id(accounts(reader), account)


def _in_order(counts: Sequence[FollowUpCount]) -> tuple[FollowUpCount, ...]:
    def place(one: FollowUpCount) -> tuple[str, int, int]:
        return one.account, STATES.index(one.state), REASONS.index(one.reason) if one.reason else -1

    return tuple(sorted(counts, key=place))


def _read(row: tuple[Any, ...]) -> FollowUp:
    account, conversation, profile, products, recommended_at, due_at, state, reason, sent_at = row
    times = recommended_at.astimezone(UTC), due_at.astimezone(UTC)
    sent = sent_at.astimezone(UTC) if sent_at else None
    return FollowUp(account, conversation, profile, tuple(products), *times, state, reason, sent)
