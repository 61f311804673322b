"""Rule 13.3 once more: minute by minute of UTC, with the wall clock of the zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from tests.reference.landing import Row

MINUTE = timedelta(minutes=1)
DAY = 1440  # minutes
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Intervals = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class BusinessHours:
    """By weekday (0 is Monday) and by single date; all in minutes after midnight of the zone."""

    zone: str
    weekly: tuple[Intervals, ...]
    overrides: tuple[tuple[str, Intervals], ...]

    def of(self, day: date) -> Intervals:
        return dict(self.overrides).get(day.isoformat(), self.weekly[day.weekday()])

    def are_on(self, instant: datetime) -> bool:
        """Whether the wall clock shows a time within them: the beginning is inside, the end is not."""
        wall = instant.astimezone(ZoneInfo(self.zone))
        minute = wall.hour * 60 + wall.minute
        return any(opens <= minute < closes for opens, closes in self.of(wall.date()))

    def minutes(self, begin: datetime, end: datetime) -> int:
        """The part of the time from `begin` to `end` within them, in whole minutes, rounded down."""
        open_time, at = timedelta(), begin.astimezone(UTC).replace(second=0, microsecond=0)
        while at < end:
            midnight = at.replace(hour=0, minute=0)
            first, beyond = (at - midnight) // MINUTE, min(DAY, -((midnight - end) // MINUTE))
            are_open = _are_open(self, at.date())
            open_time += sum(are_open[first:beyond]) * MINUTE
            if at < begin and are_open[first]:
                open_time -= begin - at
            at = midnight + beyond * MINUTE
            if at > end and are_open[beyond - 1]:
                open_time -= at - end
        return open_time // MINUTE


@cache
def _are_open(hours: BusinessHours, day: date) -> bytes:
    """Of each minute of a date of UTC whether they are on."""
    by_date = {date: bytearray(DAY) for date, _ in _walls(hours.zone, day)}
    for local, minutes in by_date.items():
        for opens, closes in hours.of(local):
            minutes[opens:closes] = b"\1" * (closes - opens)
    return bytes(by_date[local][minute] for local, minute in _walls(hours.zone, day))


@cache
def _walls(zone: str, day: date) -> list[tuple[date, int]]:
    """What the wall clock shows at each minute of a date of UTC: its own date, and minutes after midnight."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    walls = ((midnight + number * MINUTE).astimezone(ZoneInfo(zone)) for number in range(DAY))
    return [(wall.date(), wall.hour * 60 + wall.minute) for wall in walls]


def business_hours(row: Row, account: Row) -> BusinessHours:
    """Those of a row of `business_hours`; without a zone they are in the account's."""
    weekly: list[list[tuple[int, int]]] = [[] for _ in WEEKDAYS]
    overrides: dict[str, list[tuple[int, int]]] = {}
    for element in row["weekly"] or ():
        day, _, minutes = element.partition(" ")
        weekly[WEEKDAYS.index(day)].append(_interval(minutes))
    for element in row["overrides"] or ():
        day, _, minutes = element.partition(" ")
        overrides.setdefault(day, []).extend([_interval(minutes)] if minutes else [])
    return BusinessHours(
        row["timezone"] or account["timezone"],
        tuple(map(tuple, weekly)),
        tuple((day, tuple(intervals)) for day, intervals in overrides.items()),
    )


def _interval(text: str) -> tuple[int, int]:
    opens, _, closes = text.partition("-")
    return int(opens), int(closes)


def utc(text: str) -> datetime:
    """The instant of an ISO text without an offset, which is UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
