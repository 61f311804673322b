"""Hand-offs of an account and a range of dates: what came of them, and how long shoppers waited (chapter 13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

import contract
from flows.ground.clock import utc_text
from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.published import waiting as waits
from flows.published.filters import one_of
from flows.published.spans import first_of, spans
from flows.warehouses.reader import Reader

OUTCOMES = contract.metrics()["handoffs"].column("outcome").values  # in the order of the dictionary
DIMENSIONS = ("reason", "tag", "skill", "channel", "platform", "outcome")
MEDIANS = ("minutes_to_reply", "business_minutes_to_reply")
SINCE = "min(coalesce(handed_off_at, began_at)) filter (where outcome = 'waiting')"
FIGURES = ", ".join(
    [
        *(f"count(*) filter (where outcome = {literal(outcome)})" for outcome in OUTCOMES),
        *(f"percentile_cont(0.5) within group (order by {name})" for name in MEDIANS),
        *(f"count({name}), coalesce(sum({name}), 0)" for name in MEDIANS),
        SINCE,
        "count(is_within_business_hours) > 0",
    ]
)
COUNTED = f"""
select {{key}} as key, {FIGURES}
from metrics.handoffs
where account_id = {{account}} and began_on between {{first}} and {{last}}{{channels}}
group by 1
"""
WAITING = f"""
select account_id, count(*) filter (where outcome = 'waiting'), count(*) filter (where outcome = 'lost'),
    {SINCE} as since
from metrics.handoffs
where outcome in {one_of(waits.WAITING)} group by account_id order by since nulls last, account_id
"""


@dataclass(frozen=True)
class Replies:
    """How many replies have minutes, on the clock or within business hours, and all of these together (rule 13.3)."""

    count: int
    minutes: int

    @property
    def average(self) -> float | None:
        """Minutes for each reply; None where there is none."""
        return self.minutes / self.count if self.count else None


NO_REPLIES = Replies(0, 0)


@dataclass(frozen=True)
class Handoffs:
    """Hand-offs by outcome, median minutes until a person first replied, and since when the oldest of them waits.

    Medians are of those that were answered, None where there are none; those of business hours also where the account
    has none.
    """

    by_outcome: Mapping[str, int]
    median_minutes_to_reply: float | None
    median_business_minutes_to_reply: float | None
    oldest_waiting_since: datetime | None
    has_business_hours: bool
    replies: Replies = NO_REPLIES
    business_replies: Replies = NO_REPLIES

    @property
    def count(self) -> int:
        return sum(self.by_outcome.values())

    @property
    def known(self) -> int:
        """Those of which it is known what came of them."""
        return self.count - self.by_outcome["not_known"]

    def share(self, *outcomes: str) -> float | None:
        """Of those of which it is known what came of them; None where there are none."""
        return sum(self.by_outcome[one] for one in outcomes) / self.known if self.known else None

    def to_json_dict(self) -> dict[str, Any]:
        since = self.oldest_waiting_since
        return {
            "count": self.count,
            "known": self.known,
            **self.by_outcome,
            **{f"{name}_rate": self.share(name) for name in ("answered", "waiting", "lost", "no_person")},
            "median_minutes_to_reply": self.median_minutes_to_reply,
            "median_business_minutes_to_reply": self.median_business_minutes_to_reply,
            "oldest_waiting_since": utc_text(since) if since else None,
        }


@dataclass(frozen=True)
class HandoffGroup:
    """Those of one reason, tag, skill, channel, platform or outcome; '' for none."""

    key: str
    handoffs: Handoffs

    def named(self, by: str) -> dict[str, Any]:
        """The figures as JSON after the name of the group."""
        return {by: self.key, **self.handoffs.to_json_dict()}


@dataclass(frozen=True)
class HandoffSpan:
    """Those that began on the dates `first` to `last`, both included."""

    first: date
    last: date
    handoffs: Handoffs


@dataclass(frozen=True)
class Waiting:
    """How many shoppers of an account wait for a person, and how many waited until they were lost.

    `since` is when the oldest of those who wait was handed over (UTC); None where nobody waits.
    """

    account: str
    count: int
    lost: int
    since: datetime | None

    @property
    def words(self) -> str:
        return waits.Waits(self.count, self.lost).words

    def to_json_dict(self, now: datetime) -> dict[str, Any]:
        """`oldest_minutes` is until `now`: a figure that can alert; None where nobody waits."""
        minutes = max(0, int((now - self.since).total_seconds()) // 60) if self.since else None
        return {**asdict(self), "since": utc_text(self.since), "oldest_minutes": minutes}


NOTHING = Handoffs(dict.fromkeys(OUTCOMES, 0), None, None, None, has_business_hours=False)
Channels = tuple[str, ...]  # none: all of them


def handoffs(reader: Reader, account: str, first: date, last: date, channels: Channels = ()) -> Handoffs | None:
    """Those that began on the dates `first` to `last`, both included; None where a version without them published."""
    if not _are_published(reader):
        return None
    found = _counted(reader, account, first, last, channels, key="''")
    return found[0].handoffs if found else NOTHING


def handoffs_by(
    reader: Reader, account: str, first: date, last: date, channels: Channels = (), *, by: str
) -> tuple[HandoffGroup, ...]:
    """The same in groups, the largest first. Raises InputError for a `by` that is none of DIMENSIONS."""
    check_dimension(by)
    if not _are_published(reader):
        return ()
    found = _counted(reader, account, first, last, channels, key=f"coalesce({by}, '')")
    return tuple(sorted(found, key=lambda one: (-one.handoffs.count, one.key)))


def handoffs_over(
    reader: Reader, account: str, first: date, last: date, channels: Channels = (), *, unit: str
) -> tuple[HandoffSpan, ...]:
    """The same for each day, week or month of the range, cut to it, also where none began."""
    if not _are_published(reader):
        return ()
    key = f"greatest({literal(first)}, {first_of(unit, 'began_on')})"
    found = {
        date.fromisoformat(one.key): one.handoffs
        for one in _counted(reader, account, first, last, channels, key=f"cast({key} as varchar)")
    }
    return tuple(HandoffSpan(begin, end, found.get(begin, NOTHING)) for begin, end in spans(unit, first, last))


def check_dimension(by: str) -> None:
    """Raises InputError where hand-offs are not known by that."""
    if by not in DIMENSIONS:
        remedy = f"it can be {', '.join(DIMENSIONS[:-1])} or {DIMENSIONS[-1]}"
        raise InputError(f"hand-offs cannot be broken down by {by!r}", where="--by", remedy=remedy)


def waiting(reader: Reader) -> tuple[Waiting, ...]:
    """Of each account in which somebody waits or was lost as of the publication, who waits longest first."""
    if not _are_published(reader):
        return ()
    return tuple(
        Waiting(account, count, lost, since.astimezone(UTC) if since else None)
        for account, count, lost, since in reader.rows(WAITING)
    )


def _are_published(reader: Reader) -> bool:
    return reader.sees("metrics.handoffs", "outcome")


def _counted(
    reader: Reader, account: str, first: date, last: date, channels: Channels, *, key: str
) -> list[HandoffGroup]:
    among = f" and channel in {one_of(channels)}" if channels else ""
    values = {"account": literal(account), "first": literal(first), "last": literal(last), "channels": among}
    return [_group(*row) for row in reader.rows(COUNTED.format(key=key, **values))]


def _group(key: str, *figures: Any) -> HandoffGroup:
    *counts, median, business_median, timed, minutes, business_timed, business_minutes, since, has_hours = figures
    return HandoffGroup(
        key,
        Handoffs(
            by_outcome=dict(zip(OUTCOMES, counts, strict=True)),
            median_minutes_to_reply=None if median is None else float(median),
            median_business_minutes_to_reply=None if business_median is None else float(business_median),
            oldest_waiting_since=since.astimezone(UTC) if since else None,
            has_business_hours=has_hours,
            replies=Replies(timed, int(minutes)),
            business_replies=Replies(business_timed, int(business_minutes)),
        ),
    )
