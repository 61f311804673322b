"""Looking at a candidate of Spark, in the session in whose catalogue it stands; the work stays on the cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, groupby
from typing import Any

import pyarrow as pa

from contract import types
from expectations.engines import SPARK
from expectations.names import Names
from expectations.on_duckdb import volumes
from expectations.shape import TABLES
from expectations.verdict import Asked, Found, OnSpark, Scope

# Spark's words for the physical types, in those of the checks.
_TYPES = {of.spark: of.duckdb for of in types.TYPES.values()}
AT_ONCE = 8  # tables side by side: a small one keeps few workers busy
_STORAGE = {"_bucket", "_month"}  # say where a row is stored and are not columns of the contract


class OpenedSession:
    """The candidate in the session's catalogue."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._kept: list[Any] = []

    def at_hand(self, filled: Names, scope: Scope) -> Names:
        """The names with what changed kept in the workers' memory: read once, not once for every check."""
        tables = {}
        for table in TABLES.values() if scope == "changed" else ():
            if table.changed_by:
                rows = self._session.sql(f"select * from {filled.checked[table.name]}").drop("text").persist()
                rows.createOrReplaceTempView(f"gate_checked_{table.name}")
                self._kept.append(rows)
                tables[table.name] = f"gate_checked_{table.name}"
        return replace(filled, checked={**filled.checked, **tables})

    def find(self, asked: Sequence[Asked], at_hand: Names, scope: Scope) -> Iterator[Found]:  # noqa: ARG002  all is in the SQL
        """Those of a table in one query: a job for each check would take longer than to look at few rows."""
        of_tables = [list(group) for _, group in groupby(asked, key=lambda one: one.check.table)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            yield from chain.from_iterable(pool.map(self._counted, of_tables))

    def _counted(self, asked: Sequence[Asked]) -> list[Found]:
        """What each check finds; where one of them cannot run, each is asked for itself."""
        from pyspark.errors import PySparkException  # noqa: PLC0415  here it is loaded already

        found = " union all ".join(
            f"select {place} as place from ({one.sql}) as contradicting" for place, one in enumerate(asked)
        )
        try:
            counted = self._session.sql(f"select place, count(*) from ({found}) group by place").collect()
        except PySparkException as error:
            if len(asked) > 1:
                return [one for each in asked for one in self._counted([each])]
            return [Found(0, str(error).partition("\n\nJVM stacktrace")[0])]
        rows = dict(map(tuple, counted))
        return [Found(rows.get(place, 0)) for place in range(len(asked))]

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return [row.asDict() for row in self._session.sql(sql).collect()]

    def to_look(self, sql: str) -> str:
        return f"{sql};"

    def release(self) -> None:
        for rows in self._kept:
            rows.unpersist()


@contextmanager
def open_session(candidate: OnSpark, earlier_as_of: str) -> Iterator[OpenedSession]:
    """`earlier_as_of` is DuckDB's SQL for the instant up to which the last publication is compared."""
    session = candidate.session
    columns = [
        (table, place, column.name, _TYPES.get(column.dataType.simpleString(), column.dataType.simpleString()))
        for table in TABLES
        if session.catalog.tableExists(f"{SPARK.metrics}.{table}")
        for place, column in enumerate(
            (one for one in session.table(f"{SPARK.metrics}.{table}").schema if one.name not in _STORAGE), start=1
        )
    ]
    named = {"table_name": pa.string(), "place": pa.int32(), "column_name": pa.string(), "data_type": pa.string()}
    _view(session, "gate_columns", named, columns)
    if candidate.published_file:
        accounts, counted = volumes(candidate.published_file, earlier_as_of)
        _view(session, SPARK.published_accounts, {"account_id": pa.string()}, accounts)
        named = {"account_id": pa.string(), "of_table": pa.string(), "published_rows": pa.int64()}
        _view(session, SPARK.volumes, named, counted)
    opened = OpenedSession(session)
    try:
        yield opened
    finally:
        opened.release()


def _view(session: Any, name: str, columns: dict[str, pa.DataType], rows: list[Any]) -> None:
    """Rows as a part of the plan: what is made of lists is read by Python, on the workers, in each check anew."""
    table = pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in rows], pa.schema(columns))
    session.createDataFrame(table).createOrReplaceTempView(name)
