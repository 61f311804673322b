"""On Spark the checks of a table are one query, and yet each says for itself what it finds."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from expectations.engines import SPARK
from expectations.names import names
from expectations.on_spark import OpenedSession
from expectations.verdict import Asked, Check, Found, Thresholds
from flows.engines import cluster
from flows.ground.home import Home
from flows.settings import load

AS_OF = datetime(2026, 6, 7, tzinfo=UTC)
# By table: what stands in the query of a check, and the rows that contradict it; None where it cannot run.
CHECKS: list[tuple[str, str, int | None]] = [
    ("messages", "select * from range(3)", 3),
    ("messages", "select * from range(3) where id > 3", 0),
    ("messages", "with many as (select id from range(40)) select id, id + 1 as place from many", 40),
    ("orders", "select * from range(2)", 2),
    ("orders", "select no_such_column from range(2)", None),
    ("orders", "select * from range(1) where raise_error(concat('it fails at ', id)) is null", None),
    ("orders", "select * from range(0)", 0),
    ("skills", "select * from range(5) where id > 5", 0),
]


def test_a_check_that_fails_and_one_that_cannot_run_stand_beside_those_that_hold(home: Home, on_spark: str) -> None:
    asked = [Asked(Check(table, sql, sql), sql) for table, sql, _ in CHECKS]
    filled = names(SPARK, "all", Thresholds(), as_of=AS_OF, earlier_as_of=AS_OF, published_load=0)
    opened = OpenedSession(cluster.session(home, load(Path(on_spark)).spark))
    found = list(opened.find(asked, filled, "all"))
    assert [None if one.error else one.rows for one in found] == [rows for *_, rows in CHECKS]
    assert [one for one in found if not one.error and not one.rows] == [Found(0)] * 3
    errors = [one.error for one in found if one.error]
    assert "no_such_column" in str(errors[0])
    assert "it fails at 0" in str(errors[1])
