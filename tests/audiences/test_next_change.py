"""Until the instant that the SQL names, time alone changes nobody's segments: a second reading looks at many."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.audiences.definition import Definition
from tests.audiences.drawn import AS_OF, HOURS, TABLES, TICK, definitions, shops
from tests.audiences.reference import members
from tests.audiences.tables import database, lay, next_change

HOUR = timedelta(hours=1)
later = st.builds(
    lambda one, other, minutes, ticks: AS_OF + (one - other) * HOUR + timedelta(minutes=minutes) + ticks * TICK,
    st.sampled_from((*HOURS, 365 * 24)),
    st.sampled_from(HOURS),
    st.sampled_from((0, 0, 30)),
    st.integers(-1, 1),
).filter(lambda at: at > AS_OF)


@pytest.fixture(scope="module")
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    with database() as connection:
        yield connection


@settings(max_examples=100)
@given(shop=shops(), asked=st.lists(definitions, min_size=6, max_size=6), instants=st.lists(later, max_size=8))
def test_before_the_next_change_nobody_enters_or_leaves(
    tables: duckdb.DuckDBPyConnection, shop: dict[str, list[dict[str, Any]]], asked: list[Definition],
    instants: list[datetime],
) -> None:  # fmt: skip
    lay(tables, shop)
    for definition in asked:
        change, before = next_change(tables, definition, AS_OF), members(shop, definition, AS_OF)
        assert change is None or change > AS_OF
        edge = [change - TICK] if change else []
        for at in (at for at in (*instants, *edge) if change is None or at < change):
            assert members(shop, definition, at) == before, (definition, at)


FRAMES = {
    "leaves": ({"operator": "in-the-last", "unit": "day", "quantity": 2}, 48),
    "enters": ({"operator": "at-least", "unit": "week", "quantity": 1}, 7 * 24),
    "enters the span": ({"operator": "between", "unit": "hour", "start": 48, "end": 24}, 24),
}


@pytest.mark.parametrize(("frame", "hours"), FRAMES.values(), ids=FRAMES)
def test_an_event_changes_members_at_the_instant_that_is_named(
    tables: duckdb.DuckDBPyConnection, frame: dict[str, Any], hours: int
) -> None:
    condition = {"type": "profile-metric", "metric": "Placed Order", "timeframe_filter": {"type": "date", **frame}}
    once = {"type": "numeric", "operator": "equals", "value": 1}
    _changes_after(tables, {**condition, "measurement_filter": once}, hours)


def test_a_step_that_does_not_come_changes_members_when_the_window_is_over(tables: duckdb.DuckDBPyConnection) -> None:
    steps = [{"metric": "Placed Order"}, {"metric": "Cancelled Order", "metric_exists": False}]
    _changes_after(tables, {"type": "profile-metric-funnel", "steps": steps, "completion_window_seconds": "HOURS_2"}, 2)


def test_a_window_of_steps_that_come_names_no_instant(tables: duckdb.DuckDBPyConnection) -> None:
    """Its end changes nobody's segments, and each instant that is named is a build."""
    steps = [{"metric": "Placed Order"}, {"metric": "Cancelled Order"}]
    condition = {"type": "profile-metric-funnel", "steps": steps, "completion_window_seconds": "HOURS_2"}
    lay(tables, _shop())
    assert next_change(tables, _definition(condition), AS_OF) is None


def _changes_after(tables: duckdb.DuckDBPyConnection, condition: dict[str, Any], hours: int) -> None:
    """The condition's members change so many hours after an order of half an hour ago, to the microsecond."""
    shop, definition = _shop(), _definition(condition)
    lay(tables, shop)
    change = next_change(tables, definition, AS_OF)
    assert change == AS_OF - timedelta(minutes=30) + hours * HOUR
    now = members(shop, definition, AS_OF)
    assert members(shop, definition, change - TICK) == now
    assert members(shop, definition, change) != now


def _definition(condition: dict[str, Any]) -> Definition:
    return Definition.model_validate({"condition_groups": [{"conditions": [condition]}]})


def _shop() -> dict[str, list[dict[str, Any]]]:
    known = {"account_id": "here", "profile_id": "1"}
    at = AS_OF - timedelta(minutes=30)
    order = {**known, "placed_at": at, "cancelled_at": None, "revenue": 1, "net_revenue": 1}
    shop = {table: list[dict[str, Any]]() for table in TABLES}
    return shop | {"profiles": [known], "profile_reach": [known], "orders": [order]}
