"""What a publication changes against another one: keys to delete and rows to insert, found in DuckDB."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

import contract
from contract import Column, Table
from contract.types import TYPES
from flows.ground.build import Build
from flows.ground.home import Home
from flows.ground.sql import identifier, literal
from flows.warehouses.duckdb import attach, memory
from flows.warehouses.files import kept_file, spill_folder

# The history is not part of a difference: each warehouse keeps its rows and gets those that it lacks.
HISTORY = "publications"


@dataclass(frozen=True)
class Difference:
    """The sealed files, attached as `new` and, unless everything is sent, `base`."""

    connection: duckdb.DuckDBPyConnection
    is_whole: bool

    def tables(self) -> dict[str, tuple[int, int]]:
        """Table -> keys to delete, rows to insert; everything that stands is deleted where all is sent."""
        found = {}
        for table in contract.metrics().values():
            if table.name == HISTORY:
                continue
            rows = f"new.metrics.{identifier(table.name)}" if self.is_whole else f"{_differing(table)} where is_fresh"
            fresh = outdated = 0
            if not self.is_whole or _has(self.connection, "new", table.name):  # an older publication may lack it
                ((fresh,),) = self.connection.execute(f"select count(*) from {rows}").fetchall()
            if not self.is_whole:
                counted = f"select count(*) from {_differing(table)} where is_outdated"
                ((outdated,),) = self.connection.execute(counted).fetchall()
            if self.is_whole or fresh or outdated:
                found[table.name] = (outdated, fresh)
        return found

    def outdated_keys(self, of: str) -> str:
        """SQL for the keys to delete."""
        table = contract.metrics()[of]
        return f"select {_names(table.key)} from {_differing(table)} where is_outdated"

    def fresh_rows(self, of: str) -> str:
        """SQL for the rows to insert, with the columns of the contract."""
        table = contract.metrics()[of]
        columns = _columns(self.connection, "new", table)
        if self.is_whole:
            return f"select {columns} from new.metrics.{identifier(of)} as rows"
        fresh = f"select fresh_row from {_differing(table)} where is_fresh"
        return f"select {columns} from new.metrics.{identifier(of)} as rows where rowid in ({fresh})"

    def lacking_history(self, there: list[str]) -> str:
        """SQL for the rows of `publications` that a warehouse with the rows `there` lacks."""
        columns = _columns(self.connection, "new", contract.metrics()[HISTORY])
        known = ", ".join(map(literal, there)) or "null"
        return f"select {columns} from new.metrics.{HISTORY} as rows where (publication_id in ({known})) is not true"


@contextmanager
def compared(
    home: Home, new: Path, base_id: str | None, missing: Collection[str], memory_limit: str
) -> Iterator[Difference]:
    """The difference from the publication `base_id` to the sealed file `new`.

    It is everything if that one is not kept, or had tables that are `missing` where it is sent.

    What a build leaves of what it changed is used where the candidate is `new` and continues the very build of `base`:
    then the work grows with what changed, and the tables are only scanned for the keys. Raises duckdb.Error, OSError.
    """
    base = kept_file(home, base_id) if base_id else None
    with memory() as connection:
        connection.execute(f"set memory_limit = {literal(memory_limit)}")
        connection.execute(f"set temp_directory = {literal(str(spill_folder(home)))}")
        connection.execute("set preserve_insertion_order = false")
        attach(connection, new, "new")
        is_whole = True
        if base is not None and base.exists():
            attach(connection, base, "base")
            is_whole = any(_has(connection, "base", of) for of in missing)
        if not is_whole:
            sets = _changed_sets(connection, home)
            for table in contract.metrics().values():
                if table.name != HISTORY:
                    _compare(connection, table, sets)
        yield Difference(connection, is_whole)


def _has(connection: duckdb.DuckDBPyConnection, side: str, of: str) -> bool:
    found = connection.execute(
        f"""select 1 from duckdb_tables() where database_name = '{side}' and schema_name = 'metrics'
        and table_name = {literal(of)}"""
    ).fetchall()
    return bool(found)


def _changed_sets(connection: duckdb.DuckDBPyConnection, home: Home) -> set[str]:
    """The changed sets of the candidate, attached as `work`, where they tell `base` from `new`."""
    facts = {}
    for side in ("base", "new"):
        ((build,),) = connection.execute(f"select build from {side}.provenance.build").fetchall()
        facts[side] = json.loads(build)
    candidate = Build.read(home)
    continues = facts["new"]["base"] is not None and facts["new"]["base"] == facts["base"]["build_id"]
    if not continues or candidate is None or candidate.build_id != facts["new"]["build_id"]:
        return set()
    attach(connection, home.work_file, "work")
    rows = connection.execute(
        "select table_name from duckdb_tables() where database_name = 'work' and schema_name = 'intermediate'"
    )
    return {table for (table,) in rows.fetchall()}


def _compare(connection: duckdb.DuckDBPyConnection, table: Table, sets: set[str]) -> None:
    """Lay the keys of rows that differ, by all columns, into a table of their own."""
    sides = {}
    for side in ("base", "new"):
        rows = f"{side}.metrics.{identifier(table.name)}"
        if not _has(connection, side, table.name):  # a later minor version of the contract added it
            typed = ", ".join(map(_null, table.columns))
            sides[side] = f"(select {typed}, null::bigint as place where false)"
            continue
        changes = table.changed_by
        changed = (
            f" where rowid in (select rows.rowid from {rows} as rows"
            f" semi join work.intermediate.{changes.model} as changed"
            f" on rows.account_id = changed.account_id and rows.{changes.column} = changed.{changes.column})"
            if changes and changes.model in sets
            else ""
        )
        sides[side] = f"(select {_columns(connection, side, table)}, rows.rowid as place from {rows} as rows{changed})"
    key = [identifier(column) for column in table.key]
    equal = " and ".join(f"base_rows.{column} = new_rows.{column}" for column in key)
    both = ", ".join(f"coalesce(base_rows.{column}, new_rows.{column}) as {column}" for column in key)
    base_row, new_row = (
        f"row({', '.join(f'{side}.{identifier(column.name)}' for column in table.columns)})"
        for side in ("base_rows", "new_rows")
    )
    connection.execute(
        f"""create temp table {_differing(table)} as
        select {both}, base_rows.{key[0]} is not null as is_outdated, new_rows.{key[0]} is not null as is_fresh,
            new_rows.place as fresh_row
        from {sides["base"]} as base_rows full join {sides["new"]} as new_rows on {equal}
        where {base_row} is distinct from {new_row}"""
    )


def _columns(connection: duckdb.DuckDBPyConnection, side: str, table: Table) -> str:
    """The columns of the contract, in its types; null where the file is of an earlier version and lacks one."""
    rows = connection.execute(
        f"""select column_name, data_type from duckdb_columns()
        where database_name = '{side}' and schema_name = 'metrics' and table_name = {literal(table.name)}"""
    ).fetchall()
    there = dict(rows)
    return ", ".join(_column(one, there.get(one.name)) for one in table.columns)


def _column(column: Column, found: str | None) -> str:
    """The column as the contract types it, of a file in which it has the type `found`."""
    name, kind = identifier(column.name), TYPES[column.type].duckdb
    if found is None:
        return _null(column)
    return f"rows.{name}" if found == kind else f"try_cast(rows.{name} as {kind}) as {name}"


def _null(column: Column) -> str:
    return f"null::{TYPES[column.type].duckdb} as {identifier(column.name)}"


def _differing(table: Table) -> str:
    return identifier(f"differing_{table.name}")


def _names(columns: tuple[str, ...]) -> str:
    return ", ".join(map(identifier, columns))
