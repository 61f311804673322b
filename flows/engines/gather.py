"""A candidate of Spark as the DuckDB files that publishing works from, read from its Parquet files without Spark."""

from __future__ import annotations

from contextlib import closing

import duckdb

import contract
from contract.types import TYPES
from flows.engines.duckdb import STORAGE
from flows.ground.home import Home, read_json
from flows.ground.sql import literal


def gather(home: Home, memory_limit: str) -> None:
    """Write candidate/metrics.duckdb, and into candidate/work.duckdb the sets of what the build changed.

    Does nothing where that is done already. Raises duckdb.Error where a file cannot be read or written.
    """
    if home.candidate_file.exists():
        return  # a build takes the files of the one before away
    half_made = home.candidate_file.with_name(".metrics.duckdb.tmp")
    for file in (half_made, home.work_file):
        file.unlink(missing_ok=True)
    columns_of = read_json(home.tables / "tables.json") or {}
    with closing(duckdb.connect(config={"memory_limit": memory_limit})) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set preserve_insertion_order = false")
        for name, file in (("candidate", half_made), ("work", home.work_file)):
            connection.execute(f"attach {literal(str(file))} as {name} (storage_version {literal(STORAGE)})")
        connection.execute("create schema candidate.metrics")
        connection.execute("create schema work.intermediate")
        for table in contract.metrics().values():
            typed = ", ".join(f'"{column.name}" {TYPES[column.type].duckdb}' for column in table.columns)
            connection.execute(f'create table candidate.metrics."{table.name}" ({typed})')
            names = ", ".join(f'"{column.name}"' for column in table.columns)
            if files := files_of(home, f"metrics/{table.name}"):
                rows = f"select {names} from {files}"
                connection.execute(f'insert into candidate.metrics."{table.name}" ({names}) {rows}')
            connection.execute(f'comment on table candidate.metrics."{table.name}" is {literal(table.about)}')
            for column in table.columns:
                place = f'candidate.metrics."{table.name}"."{column.name}"'
                connection.execute(f"comment on column {place} is {literal(column.about)}")
        for name in columns_of:
            schema, _, table_name = name.partition(".")
            if table_name.startswith("changed_") and (files := files_of(home, f"{schema}/{table_name}")):
                connection.execute(f"create table work.intermediate.{table_name} as select * from {files}")
    half_made.rename(home.candidate_file)


def files_of(home: Home, folder: str) -> str | None:
    """The rows of a table's files; a table by partitions has none while it is empty."""
    files = [literal(str(file)) for file in sorted((home.tables / folder).rglob("*.parquet"))]
    return f"read_parquet([{', '.join(files)}], hive_partitioning = false)" if files else None


def account_ids(home: Home) -> list[str]:
    """The accounts of the candidate, whichever engine built it."""
    with closing(duckdb.connect()) as connection:
        if home.candidate_file.exists():
            connection.execute(f"attach {literal(str(home.candidate_file))} as candidate (read_only)")
            rows: str | None = "candidate.metrics.accounts"
        else:
            rows = files_of(home, "metrics/accounts")
        found = connection.execute(f"select account_id from {rows} order by account_id").fetchall() if rows else []
    return [one for (one,) in found]
