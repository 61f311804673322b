"""Looking at a candidate of Spark, in the session in whose catalogue it stands; the work stays on the cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from expectations.names import CHANGED_BY, SPARK
from expectations.on_duckdb import volumes
from expectations.shape import TABLES
from expectations.verdict import OnSpark, Scope

# Spark's words for the physical types, in those of the checks.
_TYPES = {
    "string": "VARCHAR",
    "bigint": "BIGINT",
    "decimal(18,4)": "DECIMAL(18,4)",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "date": "DATE",
    "array<string>": "VARCHAR[]",
}
_STORAGE = {"_account", "_month"}  # say where a row is stored and are not columns of the contract


class OpenedSession:
    """The candidate in the session's catalogue."""

    at_once = 8

    def __init__(self, session: Any) -> None:
        self._session = session
        self._kept: list[Any] = []
        self.count: Callable[[str], tuple[int, str | None]] = self._count

    def at_hand(self, filled: dict[str, Any], scope: Scope) -> dict[str, Any]:
        """The names with what changed kept in the workers' memory: read once, not once for every check."""
        if scope == "all":
            return filled
        tables = {}
        for table in CHANGED_BY:
            rows = self._session.sql(f"select * from {filled['checked'][table]}")
            rows = rows.drop("text").persist()
            rows.createOrReplaceTempView(f"gate_checked_{table}")
            self._kept.append(rows)
            tables[table] = f"gate_checked_{table}"
        return filled | {"checked": filled["checked"] | tables}

    def _count(self, sql: str) -> tuple[int, str | None]:
        from pyspark.errors import PySparkException  # noqa: PLC0415  here it is loaded already

        try:
            return self._session.sql(f"select count(*) from ({sql}) as contradicting").collect()[0][0], None
        except PySparkException as error:
            return 0, str(error).partition("\n\nJVM stacktrace")[0]

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
    _view(session, "gate_columns", "table_name string, place int, column_name string, data_type string", columns)
    if candidate.published_file:
        accounts, counted = volumes(candidate.published_file, earlier_as_of)
        _view(session, SPARK.published_accounts, "account_id string", accounts)
        _view(session, SPARK.published_volumes, "account_id string, conversations bigint", counted)
    opened = OpenedSession(session)
    try:
        yield opened
    finally:
        opened.release()


def _view(session: Any, name: str, columns: str, rows: list[Any]) -> None:
    session.createDataFrame(rows, columns).createOrReplaceTempView(name)
