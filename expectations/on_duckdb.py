"""Looking at a candidate in DuckDB: its files attached, read-only, to a database in memory."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import duckdb_engine
from sqlalchemy.dialects import registry

from expectations.names import CHANGED_BY
from expectations.verdict import Candidate, Scope


class Dialect(duckdb_engine.Dialect):  # type: ignore[misc]
    """DuckDB without transactions: Great Expectations reads results after their connection was rolled back."""

    supports_statement_cache = False

    def connect(self, database: str, **_: object) -> Any:
        return duckdb_engine.ConnectionWrapper(duckdb.connect(database))

    def do_begin(self, connection: object) -> None:
        """Nothing: everything is only read."""

    do_commit = do_rollback = do_begin


registry.register("duckdb.gate", __name__, "Dialect")


class OpenedFiles:
    """The attached files; `url` is how this process can connect to them too. The gate says who counts."""

    at_once = 1
    count: Callable[[str], tuple[int, str | None]]

    def __init__(self, connection: duckdb.DuckDBPyConnection, memory: str, attached: str) -> None:
        self._connection = connection
        self._attached = attached
        self.url = f"duckdb+gate:///{memory}"

    def at_hand(self, filled: dict[str, Any], scope: Scope) -> dict[str, Any]:
        """The names with what changed in tables in memory: read once, not for every check; none reads texts."""
        if scope == "all":
            return filled
        tables = {}
        for table in CHANGED_BY:
            columns = "* exclude (text)" if table == "messages" else "*"
            rows = filled["checked"][table]
            try:
                self._connection.execute(f"create table checked_{table} as select {columns} from {rows}")
            except duckdb.Error:
                continue  # the checks of this table will say so, each for itself
            tables[table] = f"checked_{table}"
        return filled | {"checked": filled["checked"] | tables}

    def rows(self, sql: str) -> list[dict[str, Any]]:
        cursor = self._connection.execute(sql)
        columns = [name for name, *_ in cursor.description or []]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    def to_look(self, sql: str) -> str:
        """The SQL as it stands for itself, in any DuckDB."""
        return f"{self._attached}\n{sql};"


@contextmanager
def open_files(candidate: Candidate, memory_limit: str) -> Iterator[OpenedFiles]:
    """Raises duckdb.Error where a file cannot be opened."""
    files = {"work": candidate.work_file, "candidate": candidate.metrics_file, "published": candidate.published_file}
    attached = "\n".join(
        f"attach if not exists {_literal(str(file.resolve()))} as {name} (read_only);"
        for name, file in files.items()
        if file
    )
    spill = candidate.work_file.parent / "check.tmp"
    memory = f":memory:gate-{uuid.uuid4()}"
    with duckdb.connect(memory) as connection:
        connection.execute("set global TimeZone = 'UTC'")
        connection.execute(f"set memory_limit = {_literal(memory_limit)}")
        connection.execute(f"set temp_directory = {_literal(str(spill))}")
        try:
            connection.execute(attached)
            yield OpenedFiles(connection, memory, attached)
        finally:
            for name in files:
                connection.execute(f"detach database if exists {name}")


def volumes(published_file: Path, as_of: str) -> tuple[list[tuple[str]], list[tuple[str, int]]]:
    """Accounts of a publication, and their conversations up to `as_of` (SQL), for Spark, which cannot read its file."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {_literal(str(published_file))} as published (read_only)")
        accounts = connection.execute("select account_id from published.metrics.accounts").fetchall()
        counted = connection.execute(
            "select account_id, count(*) from published.metrics.conversations "
            f"where started_at <= {as_of} group by account_id"
        ).fetchall()
    return accounts, counted


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
