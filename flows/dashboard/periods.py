"""The ranges of dates that people choose from. Both ends are included (rule 1.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from flows.ground.errors import InputError
from flows.published.performance import before
from flows.published.spans import MONDAY, week_of

DAYS = {"7": 7, "30": 30, "90": 90}
NAMES = {
    "7": "Last 7 days",
    "30": "Last 30 days",
    "90": "Last 90 days",
    "week": "This week",
    "last_week": "Last week",
    "month": "This month",
    "last_month": "Last month",
    "any": "Any range …",
}
START = "30"
EARLIEST, LATEST = date(1970, 1, 1), date(2100, 12, 31)  # there is a period before, and nobody counts for ever


@dataclass(frozen=True)
class Period:
    """Local dates `first` to `last`, and those before them to compare with; `choice` is one of NAMES."""

    choice: str
    first: date
    last: date

    @property
    def before(self) -> tuple[date, date]:
        return before(self.first, self.last)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def __str__(self) -> str:
        return text_of(self.first, self.last)

    def to_query(self) -> str:
        return f"{self.first.isoformat()}..{self.last.isoformat()}" if self.choice == "any" else self.choice


def chosen(choice: str, today: date, any_range: tuple[date, date] | None = None, week: int = MONDAY) -> Period:
    """The period of a choice, where `today` is the last date that there can be something of.

    `week` is the weekday on which weeks begin, from Monday as 0.
    """
    if choice in DAYS:
        return Period(choice, today - timedelta(days=DAYS[choice] - 1), today)
    if choice == "week":
        return Period(choice, week_of(today, week), today)
    if choice == "last_week":
        ends = week_of(today, week) - timedelta(days=1)
        return Period(choice, week_of(ends, week), ends)
    if choice == "month":
        return Period(choice, today.replace(day=1), today)
    if choice == "last_month":
        ends = today.replace(day=1) - timedelta(days=1)
        return Period(choice, ends.replace(day=1), ends)
    first, last = any_range or (today - timedelta(days=DAYS[START] - 1), today)
    return Period("any", min(first, last), max(first, last))


def from_query(text: str, today: date, week: int = MONDAY) -> Period:
    """The period of an address. Raises InputError where it is none."""
    if text in NAMES and text != "any":
        return chosen(text, today, week=week)
    first, _, last = text.partition("..")
    try:
        dates = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        dates = (date.max, date.max)
    if not EARLIEST <= min(dates) <= max(dates) <= LATEST:
        remedy = f"write one of {', '.join(one for one in NAMES if one != 'any')}, or 2026-06-01..2026-06-07"
        raise InputError("this is not a range of dates", where="dates", remedy=remedy)
    return chosen("any", today, dates)


def in_order(text: str) -> str:
    """The range of an address with its earlier date first; anything else as it is."""
    first, _, last = text.partition("..")
    try:
        return f"{last}..{first}" if date.fromisoformat(last) < date.fromisoformat(first) else text
    except ValueError:
        return text


def text_of(first: date, last: date) -> str:
    """The dates for people: 1 – 7 Jun 2026."""
    if first == last:
        return _day(first, "%b %Y")
    if first.year != last.year:
        return f"{_day(first, '%b %Y')} – {_day(last, '%b %Y')}"
    return f"{_day(first, '%b') if first.month != last.month else first.day} – {_day(last, '%b %Y')}"


def _day(day: date, rest: str) -> str:
    return f"{day.day} {day.strftime(rest)}"
