"""From a schedule of Zendesk to the landing row `business_hours` (rule 13.3); pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from flows.sources.api import Misshapen, Row
from flows.sources.zendesk.records import Holiday, Interval, Schedule
from flows.sources.zendesk.zones import iana

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
DAY = 1440  # minutes
MOST_DAYS = 3_660  # of a holiday; what is longer is a slip


def hours_row(account: str, schedule: Schedule, holidays: Sequence[Holiday]) -> Row:
    """The hours of a week and the days on which they do not count. Raises Misshapen where a part cannot be read.

    It has no `updated_at`: Zendesk gives it of a schedule, which is older where another schedule is chosen.
    """
    return Row(
        "business_hours",
        {
            "account_id": account,
            "timezone": iana(schedule.time_zone),
            "weekly": [element for one in schedule.intervals for element in _elements(one)],
            "overrides": sorted({day.isoformat() for one in holidays for day in _days(one)}),
        },
        {**schedule.kept(), "holidays": [one.kept() for one in holidays]},
    )


def _elements(interval: Interval) -> Iterator[str]:
    """`mon 540-1080`, from minutes after the Sunday's midnight. What goes on past midnight is two intervals."""
    begin, end = interval.start_time, interval.end_time
    if not 0 <= begin < end <= len(DAYS) * DAY:
        raise Misshapen(f"an interval from {begin} to {end} minutes is not within a week")
    while begin < end:
        day = begin // DAY
        until = min(end, (day + 1) * DAY)
        yield f"{DAYS[day]} {begin - day * DAY}-{until - day * DAY}"
        begin = until


def _days(holiday: Holiday) -> Iterator[date]:
    """Every day of a holiday, its first and its last one, too."""
    days = (holiday.end_date - holiday.start_date).days
    if not 0 <= days <= MOST_DAYS:
        raise Misshapen(f"a holiday from {holiday.start_date} to {holiday.end_date} is not one")
    yield from (holiday.start_date + timedelta(days=one) for one in range(days + 1))
