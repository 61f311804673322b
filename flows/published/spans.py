"""Days, weeks and months: a week begins on Monday (ISO 8601), and every span is cut to the range that is asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

UNITS = ("day", "week", "month")


def first_of(unit: str, on: str) -> str:
    """SQL: the first date of the day, week or month of a date."""
    return on if unit == "day" else f"cast(date_trunc('{unit}', {on}) as date)"


def spans(unit: str, first: date, last: date) -> Iterator[tuple[date, date]]:
    """All days, weeks or months from `first` to `last`, both included: the first and the last date of each."""
    begins = first
    while (ends := min(last, _end(unit, begins))) < last:
        yield begins, ends
        begins = ends + timedelta(days=1)
    yield begins, ends


def span_of(unit: str, day: date, first: date, last: date) -> tuple[date, date]:
    """The span that begins on `day`, cut to the range."""
    return max(day, first), min(_end(unit, day), last)


def _end(unit: str, day: date) -> date:
    """The last date of the day, week or month; the last of all dates where it would be later."""
    if unit == "day":
        return day
    if unit == "week":
        return date.fromordinal(min(day.toordinal() + 6 - day.weekday(), date.max.toordinal()))
    if (day.year, day.month) == (date.max.year, date.max.month):
        return date.max
    return date(day.year + day.month // 12, day.month % 12 + 1, 1) - timedelta(days=1)
