"""Bars that stand on each other, on every date of a range."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.dashboard.language import language
from flows.dashboard.stack import OTHERS, TAG_COLOURS, counted_by_day, stacked, ticks, written
from flows.published.performance import Bar, all_spans, filled

FIRST = date(2026, 5, 31)  # a Sunday
SAY = language("en")


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(0, 1500), st.integers(0, 6))
def test_spans_follow_each_other_and_cover_the_range(first: date, more: int, week: int) -> None:
    last = first + timedelta(days=more)
    found = all_spans(first, last, week)
    assert (found[0][0], found[-1][1]) == (first, last)
    assert all(begin <= end for begin, end in found)
    for (_, end), (begin, _) in pairwise(found):
        assert begin == end + timedelta(days=1)
    if 92 < more + 1 <= 366:
        assert all(begin.weekday() == week for begin, _ in found[1:])
    if more + 1 > 366:
        assert all(begin.day == 1 for begin, _ in found[1:])


def test_dates_without_a_bar_have_one_of_nothing() -> None:
    bars = (Bar(FIRST, FIRST, "open", 3),)
    assert filled(bars, FIRST, FIRST + timedelta(days=2)) == (
        *bars,
        *(Bar(FIRST + timedelta(days=day), FIRST + timedelta(days=day), "", 0) for day in (1, 2)),
    )


def test_pieces_stand_on_each_other_without_a_gap() -> None:
    next_day = FIRST + timedelta(days=2)
    bars = tuple(
        Bar(day, day, status, count)
        for day, counts in ((FIRST, (5, 2, 1)), (next_day, (1, 4, 2)))
        for status, count in zip(("resolved", "routed", "open"), counts, strict=True)
    )
    stack = stacked(bars, "status", FIRST, next_day, SAY)
    assert len(stack.columns) == 3
    for day, column in ((FIRST, 0), (next_day, 2)):
        pieces = [piece for piece in stack.pieces if piece.bar.first == day]
        assert {piece.column for piece in pieces} == {column}
        assert [piece.name for piece in pieces] == ["Open", "Routed", "Resolved"]  # the legend's first is on top
        assert [piece.below for piece in pieces] == [
            sum(one.bar.conversations for one in pieces[:at]) for at in range(3)
        ]
    assert stack.highest == 8


def test_rare_tags_share_a_colour_and_keep_their_names() -> None:
    tags = [f"tag {number:02}" for number in range(12)]
    bars = tuple(Bar(FIRST, FIRST, tag, 20 - number) for number, tag in enumerate(tags))
    stack = stacked(bars, "tag", FIRST, FIRST, SAY)
    assert [name for name, _ in stack.groups] == [*tags[: len(TAG_COLOURS) - 1], OTHERS]
    assert {piece.name for piece in stack.pieces} == set(tags)
    assert {piece.place for piece in stack.pieces if piece.name in tags[7:]} == {7}
    assert stack.highest == sum(20 - number for number in range(12))
    german = stacked(bars, "tag", FIRST, FIRST, language("de"))
    assert german.groups[-1][0] == "andere Schlagwörter"


@pytest.mark.parametrize("highest", [0, 1, 3, 4, 5, 99, 100, 101, 357, 6000, 10**9])
def test_ticks_are_round_few_and_reach_the_top(highest: int) -> None:
    found = ticks(highest)
    step = found[1]
    assert found == [step * number for number in range(len(found))]
    assert 2 <= len(found) <= 5
    assert found[-1] >= highest
    assert str(step).rstrip("0") in {"1", "2", "5"}


def test_so_many_dates_are_written_as_can_be_read() -> None:
    days = [FIRST + timedelta(days=day) for day in range(92)]
    assert written(days)[0] == FIRST
    assert 8 <= len(written(days)) <= 12
    assert written(days[:5]) == days[:5]


@given(
    st.dates(date(2000, 1, 1), date(2090, 1, 1)),
    st.integers(0, 800),
    st.lists(st.tuples(st.integers(0, 800), st.integers(1, 10**6)), max_size=9, unique_by=lambda one: one[0]),
)
def test_counts_of_dates_stand_in_the_columns_of_their_dates(
    first: date, more: int, found: list[tuple[int, int]]
) -> None:
    last = first + timedelta(days=more)
    counts = [(first + timedelta(days=day), count) for day, count in sorted(found) if day <= more]
    stack = counted_by_day(counts, first, last)
    assert stack.columns == tuple(begin for begin, _ in all_spans(first, last))
    for piece in stack.pieces:
        assert piece.bar.first == stack.columns[piece.column]
        of_it = [count for day, count in counts if piece.bar.first <= day <= piece.bar.last]
        assert piece.bar.conversations == sum(of_it) > 0
    assert sum(piece.bar.conversations for piece in stack.pieces) == sum(count for _, count in counts)
