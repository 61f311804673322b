"""Looking at a candidate in DuckDB: its files attached, read-only, to a database in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import duckdb

from expectations.engines import DUCKDB
from expectations.names import Names
from expectations.shape import TABLES
from expectations.verdict import Asked, Candidate, Found, Scope

AT_ONCE = min(4, os.cpu_count() or 1)  # checks


class OpenedFiles:
    """The attached files."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, attached: str) -> None:
        self._connection = connection
        self._attached = attached

    def at_hand(self, filled: Names, scope: Scope) -> Names:
        """The names with the catalogue, and what changed, in tables in memory: read once, not for every check."""
        self._connection.execute(f"create table columns_found as select * from {filled.engine.columns}")
        engine = replace(filled.engine, columns="columns_found")
        tables = {}
        for table in TABLES.values() if scope == "changed" else ():
            if table.changed_by:
                rows = filled.checked[table.name]
                try:
                    self._connection.execute(f"create table checked_{table.name} as select * from {rows}")
                except duckdb.Error:
                    continue  # the checks of this table will say so, each for itself
                tables[table.name] = f"checked_{table.name}"
        return replace(filled, engine=engine, checked={**filled.checked, **tables})

    def find(self, asked: Sequence[Asked], at_hand: Names, scope: Scope) -> Iterator[Found]:
        if scope == "changed":
            yield from self._each(asked)
            return
        from expectations.with_great_expectations import judged  # noqa: PLC0415  costs seconds

        for one, holds, error in judged(self._connection, asked, at_hand.checked):
            yield Found(0, error) if holds or error else self._counted(one.sql)

    def _each(self, asked: Sequence[Asked]) -> Iterator[Found]:
        """Some at a time: where little changed, most of a check is to plan its query, which DuckDB does on one core."""
        free: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()
        for _ in range(AT_ONCE):
            free.put(self._connection.cursor())

        def found(one: Asked) -> Found:
            cursor = free.get()
            try:
                return found_by(cursor, one)
            finally:
                free.put(cursor)

        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            yield from pool.map(found, asked)
        finally:
            pool.shutdown(cancel_futures=True)

    def _counted(self, sql: str) -> Found:
        ((rows,),) = self._connection.execute(f"select count(*) from ({sql}) as contradicting").fetchall()
        return Found(rows) if rows else Found(0, "Great Expectations says that it fails, and no row contradicts it")

    def rows(self, sql: str) -> list[dict[str, Any]]:
        cursor = self._connection.execute(sql)
        columns = [name for name, *_ in cursor.description or []]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    def to_look(self, sql: str) -> str:
        """The SQL as it stands for itself, in any DuckDB."""
        return f"{self._attached}\n{sql};"


def found_by(connection: duckdb.DuckDBPyConnection, one: Asked) -> Found:
    """What a check finds, by its SQL alone: to import the library takes longer than to look at what changed."""
    try:
        ((rows,),) = connection.execute(f"select count(*) from ({one.sql}) as contradicting").fetchall()
    except duckdb.Error as error:
        return Found(0, str(error).split("\n\nLINE ")[0])
    return Found(rows)


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
    with duckdb.connect() as connection:
        connection.execute("set global TimeZone = 'UTC'")
        connection.execute(f"set memory_limit = {_literal(memory_limit)}")
        connection.execute(f"set temp_directory = {_literal(str(spill))}")
        try:
            connection.execute(attached)
            yield OpenedFiles(connection, attached)
        finally:
            for name in files:
                connection.execute(f"detach database if exists {name}")


def volumes(published_file: Path, as_of: str) -> tuple[list[tuple[str]], list[tuple[str, str, int]]]:
    """Accounts of a publication, and their volumes up to `as_of` (SQL), for Spark, which cannot read its file."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {_literal(str(published_file))} as published (read_only)")
        accounts = connection.execute("select account_id from published.metrics.accounts").fetchall()
        counted = connection.execute(f"from {DUCKDB.volumes.format(as_of=as_of)}").fetchall()
    return accounts, counted


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
