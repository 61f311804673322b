"""Rows that are laid for dbt: a hundred thousand follow-ups that were sent took ten seconds of every build."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pytest

from flows.engines import duckdb as engine


@pytest.mark.parametrize("few", [0, 1000])
def test_rows_are_laid_as_they_are_however_many(monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    at = datetime(2026, 6, 7, 12, 0, 0, 123456, tzinfo=UTC)
    rows = [("a'b", 'c"\\\n{}', at), ("", "\u2028👩‍👩‍👧", None), ("null", "", at)]
    monkeypatch.setattr(engine, "FEW", few)
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("create table laid (one varchar, two varchar, three timestamptz)")
        engine._insert(connection, "laid", rows)
        engine._insert(connection, "laid", [])
        found = connection.execute("select one, two, cast(three as varchar) from laid").fetchall()
    instant = "2026-06-07 12:00:00.123456+00"
    assert found == [("a'b", 'c"\\\n{}', instant), ("", "\u2028👩‍👩‍👧", None), ("null", "", instant)]
