"""Spark finds the same shoppers by the queries of definitions, and the same next changes, as DuckDB does."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from contract.types import TYPES
from flows.audiences.definition import Definition
from flows.audiences.dialects import DIALECTS
from flows.audiences.metrics import METRICS
from flows.audiences.sql import changes_after, of_segment
from flows.engines import cluster
from flows.ground.home import Home
from flows.settings import SparkSettings
from tests.audiences.drawn import AS_OF, PATTERNS, STARTS, TEXTS, definitions, filters, shops, together
from tests.audiences.happened import Shopper
from tests.audiences.tables import COLUMNS, database, found, lay, next_change, place

ONCE = {"type": "numeric", "operator": "greater-than-or-equal", "value": 1}
SPARK = DIALECTS["spark"]
SHOPS = 8
DRAWN = 20  # definitions; a query takes a second


def drawn(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """So many examples, always the same ones, the longest of ten times as many."""
    kept = []

    @settings(max_examples=10 * count, derandomize=True, database=None, phases=[Phase.generate])
    @given(strategy)
    def keep(one: Any) -> None:
        kept.append(one)

    keep()
    return sorted(kept, key=lambda one: len(repr(one)))[-count:]


def of_conditions(*conditions: dict[str, Any]) -> Definition:
    return Definition.model_validate({"condition_groups": [{"conditions": conditions}]})


def named_like(operator: str, value: str) -> Definition:
    of = {"type": "string", "operator": operator, "value": value}
    return of_conditions({"type": "profile-property", "property": "name", "filter": of})


@st.composite
def every_property(draw: st.DrawFn, name: str) -> Definition:
    """A definition with a condition for each property of a metric."""
    asked = [
        {"property": key, "filter": draw(filters(of.type))} for key, of in METRICS[name].properties.items()
    ]  # fmt: skip
    metric = {"type": "profile-metric", "metric": name, "measurement_filter": ONCE}
    return of_conditions(*({**metric, "metric_filters": [one]} for one in asked))


@contextmanager
def session(home: Home, tmp_path: Path, config: str) -> Iterator[SparkSession]:
    """A session with the tables of the shop that lies in `tmp_path`; it leaves no table in the catalogue."""
    options = tomllib.loads(Path(config).read_text("utf-8"))["spark"]
    opened = cluster.session(home, SparkSettings.model_validate(options))
    for schema in ("metrics", "intermediate"):
        opened.sql(f"create database if not exists {schema}")
    for table, columns in COLUMNS.items():
        opened.sql(f"drop table if exists {table}")
        typed = ", ".join(f"{name} {TYPES[kind].spark}" for name, kind in columns.items())
        opened.sql(f"create table {table} ({typed}) using parquet location '{tmp_path / table}'")
    try:
        yield opened
    finally:
        for table in COLUMNS:
            opened.sql(f"drop table {table}")


def by_spark(opened: SparkSession, definition: Definition) -> set[Shopper]:
    query = SPARK.written(of_segment(definition), AS_OF)
    rows = opened.sql(
        f"select * from ({query}) as found left semi join intermediate.int_shoppers using (account_id, shopper)"
    )
    return set(map(tuple, rows.collect()))


def next_by_spark(opened: SparkSession, definition: Definition) -> datetime | None:
    if not (ahead := changes_after(definition)):
        return None
    query = SPARK.written(" union all ".join(ahead), AS_OF)
    ((text,),) = opened.sql(f"select cast(min(instant) as string) from ({query}) as ahead").collect()
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def test_both_engines_find_the_same_shoppers(home: Home, tmp_path: Path, on_spark: str) -> None:
    shop = together(drawn(shops(), SHOPS))
    named = [{"account_id": "texts", "profile_id": str(at), "name": text} for at, text in enumerate(TEXTS)]
    shop["profiles"] += named
    asked: list[Definition] = drawn(definitions, DRAWN)
    asked += [drawn(every_property(name), 1)[0] for name in sorted(METRICS)]
    words = [(operator, text) for operator in STARTS for text in TEXTS] + [("regex", one) for one in PATTERNS]
    of_texts = [named_like(operator, value) for operator, value in words]
    with database() as connection:
        lay(connection, shop)
        for table in COLUMNS:
            (tmp_path / table).mkdir()
            connection.execute(f"copy {place(table)} to '{tmp_path / table}/rows.parquet' (format parquet)")
        expected = [(found(connection, one, AS_OF), next_change(connection, one, AS_OF)) for one in asked]
        texts_expected = [found(connection, one, AS_OF) for one in of_texts]
    assert sum(bool(members) for members, _ in expected) > len(expected) // 4
    assert any(change for _, change in expected)
    with session(home, tmp_path, on_spark) as opened:
        for definition, (members, change) in zip(asked, expected, strict=True):
            assert by_spark(opened, definition) == members, definition
            assert next_by_spark(opened, definition) == change, definition
        queries = [SPARK.written(of_segment(one), AS_OF) for one in of_texts]
        parts = (
            f"select {at} as number, account_id, shopper from ({one}) as of_{at}" for at, one in enumerate(queries)
        )
        rows = opened.sql(" union all ".join(parts)).collect()
    by_number: list[set[Shopper]] = [set() for _ in of_texts]
    for number, account, shopper in rows:
        by_number[number].add((account, shopper))
    assert {words[at] for at, one in enumerate(by_number) if one != texts_expected[at]} == set()
