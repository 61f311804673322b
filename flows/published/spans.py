"""Days, weeks and months, each cut to the range that is asked.

A week begins on Monday (ISO 8601), or on the weekday `week`, counted from Monday as 0, of whoever looks at it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

UNITS = ("day", "week", "month")
MONDAY = 0


def first_of(unit: str, on: str, week: int = MONDAY) -> str:
    """SQL: the first date of the day, week or month of a date."""
    if unit == "day":
        return on
    if unit == "week" and week != MONDAY:
        return f"cast(date_trunc('week', {on} + {7 - week}) as date) - {7 - week}"
    return f"cast(date_trunc('{unit}', {on}) as date)"


def spans(unit: str, first: date, last: date, week: int = MONDAY) -> Iterator[tuple[date, date]]:
    """All days, weeks or months from `first` to `last`, both included: the first and the last date of each."""
    begins = first
    while (ends := min(last, _end(unit, begins, week))) < last:
        yield begins, ends
        begins = ends + timedelta(days=1)
    yield begins, ends


def span_of(unit: str, day: date, first: date, last: date, week: int = MONDAY) -> tuple[date, date]:
    """The span that begins on `day`, cut to the range."""
    return max(day, first), min(_end(unit, day, week), last)


def week_of(day: date, week: int = MONDAY) -> date:
    """The first date of the day's week."""
    return day - timedelta(days=(day.weekday() - week) % 7)


def _end(unit: str, day: date, week: int) -> date:
    """The last date of the day, week or month; the last of all dates where it would be later."""
    if unit == "day":
        return day
    if unit == "week":
        return date.fromordinal(min(day.toordinal() + 6 - (day.weekday() - week) % 7, date.max.toordinal()))
    if (day.year, day.month) == (date.max.year, date.max.month):
        return date.max
    return date(day.year + day.month // 12, day.month % 12 + 1, 1) - timedelta(days=1)
