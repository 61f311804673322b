"""Ranges of dates that people choose from. Both ends are included (rule 1.2)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.dashboard.periods import DAYS, EARLIEST, LATEST, NAMES, START, Period, chosen, from_query, text_of
from flows.ground.errors import InputError

TODAY = date(2026, 6, 7)
DATES = st.dates(EARLIEST, LATEST)


@pytest.mark.parametrize(
    ("choice", "first", "before"),
    [
        ("7", date(2026, 6, 1), (date(2026, 5, 25), date(2026, 5, 31))),
        ("30", date(2026, 5, 9), (date(2026, 4, 9), date(2026, 5, 8))),
        ("90", date(2026, 3, 10), (date(2025, 12, 10), date(2026, 3, 9))),
        ("month", date(2026, 6, 1), (date(2026, 5, 25), date(2026, 5, 31))),
    ],
)
def test_choices_end_today(choice: str, first: date, before: tuple[date, date]) -> None:
    period = chosen(choice, TODAY)
    assert period == Period(choice, first, TODAY)
    assert period.before == before
    assert (before[1] - before[0]).days + 1 == period.days == DAYS.get(choice, 7)


def test_the_month_of_its_first_day() -> None:
    assert chosen("month", date(2026, 6, 1)).days == 1
    assert chosen("month", date(2024, 2, 29)).first == date(2024, 2, 1)


@pytest.mark.parametrize(
    ("today", "first", "last"),
    [
        (TODAY, date(2026, 5, 1), date(2026, 5, 31)),
        (date(2024, 3, 31), date(2024, 2, 1), date(2024, 2, 29)),
        (date(2026, 1, 1), date(2025, 12, 1), date(2025, 12, 31)),
    ],
)
def test_the_month_before_is_whole(today: date, first: date, last: date) -> None:
    assert chosen("last_month", today) == Period("last_month", first, last)


@pytest.mark.parametrize(
    ("today", "begins", "this", "last"),
    [
        (TODAY, 0, date(2026, 6, 1), (date(2026, 5, 25), date(2026, 5, 31))),  # a Sunday
        (TODAY, 6, date(2026, 6, 7), (date(2026, 5, 31), date(2026, 6, 6))),
        (TODAY, 5, date(2026, 6, 6), (date(2026, 5, 30), date(2026, 6, 5))),
        (date(2026, 6, 8), 0, date(2026, 6, 8), (date(2026, 6, 1), date(2026, 6, 7))),
        (date(2026, 1, 1), 6, date(2025, 12, 28), (date(2025, 12, 21), date(2025, 12, 27))),
    ],
)
def test_weeks_begin_on_the_weekday_of_the_account(
    today: date, begins: int, this: date, last: tuple[date, date]
) -> None:
    assert chosen("week", today, week=begins) == from_query("week", today, begins) == Period("week", this, today)
    assert from_query("last_week", today, begins) == Period("last_week", *last)


def test_any_range_goes_either_way_and_begins_as_the_page_does() -> None:
    first, last = date(2026, 1, 5), date(2026, 2, 1)
    assert chosen("any", TODAY, (first, last)) == chosen("any", TODAY, (last, first)) == Period("any", first, last)
    assert chosen("any", TODAY).first == chosen(START, TODAY).first
    assert chosen("any", TODAY, (TODAY, TODAY)).days == 1
    assert START in NAMES


@given(DATES, DATES, st.sampled_from([*NAMES]))
def test_addresses_lead_back(first: date, last: date, choice: str) -> None:
    period = chosen(choice, TODAY, (first, last))
    assert from_query(period.to_query(), TODAY) == period
    assert period.first <= period.last
    begin, end = period.before
    assert (end - begin).days + 1 == period.days
    assert end + timedelta(days=1) == period.first


@pytest.mark.parametrize(
    "text",
    ["", "any", "31", "..", "2026-06-01", "2026-06-01..", "..2026-06-01", "2026-06-01..2026-06-31", "x..y", "7 ",
     "1969-12-31..2026-06-07", "2026-06-07..2101-01-01", "0001-01-01..0001-01-01", "9999-12-31..9999-12-31",
     "2026-06-01...2026-06-07", "2026-06-01..2026-06-07..2026-06-08", "٢٠٢٦-٠٦-٠١..2026-06-07"],
)  # fmt: skip
def test_what_is_no_range_is_said(text: str) -> None:
    with pytest.raises(
        InputError,
        match="dates: this is not a range of dates; write one of 7, 30, 90, week, last_week, month, last_month, or",
    ):
        from_query(text, TODAY)


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 6, 1), date(2026, 6, 7), "1 – 7 Jun 2026"),
        (date(2026, 6, 7), date(2026, 6, 7), "7 Jun 2026"),
        (date(2026, 5, 9), date(2026, 6, 7), "9 May – 7 Jun 2026"),
        (date(2025, 12, 31), date(2026, 1, 1), "31 Dec 2025 – 1 Jan 2026"),
        (date(2025, 6, 1), date(2026, 6, 1), "1 Jun 2025 – 1 Jun 2026"),
    ],
)
def test_dates_for_people(first: date, last: date, text: str) -> None:
    assert text_of(first, last) == text
    assert str(Period("any", first, last)) == text
