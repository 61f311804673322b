"""Bringing the tables in Postgres from one publication to another, in one transaction, through ADBC.

Rows that differ are deleted by their keys and inserted anew; readers go on in their snapshots and wait for nothing.
Keys travel into a temporary table, rows straight into place: whatever ends the connection leaves nothing behind.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import contract
from flows.ground.address import Address
from flows.ground.errors import InputError, WarehouseFailed
from flows.ground.home import Home
from flows.ground.sql import identifier, literal
from flows.warehouses.postgres.access import VIEWS, ReaderRole, grants, policies, views
from flows.warehouses.postgres.connection import INTEGERS, by_table, columns_of, connected, problem, table, writing
from flows.warehouses.postgres.difference import HISTORY, Difference, compared
from flows.warehouses.postgres.schema import (
    COMMENTS,
    add_column,
    as_decimal,
    comments,
    create_provenance,
    create_table,
    indexes,
    primary_key,
)
from flows.warehouses.publication import Publication
from flows.warehouses.warehouse import Sent

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Cursor

LOCK = 0x6167656E746D  # one publishing at a time in a database, whichever home it comes from
BATCH = 20_000  # rows
DELETED_MANY = 50_000  # rows of a table; autovacuum sees to fewer
log = logging.getLogger("agent_metrics")


class CommitLost(Exception):
    """The connection was lost while it committed: nobody here knows which publication stands there."""

    def __init__(self, error: WarehouseFailed) -> None:
        super().__init__(str(error))
        self.error = error


class _OtherRows(Exception):
    """What stands there is not what was published: somebody wrote to the tables."""


def send(home: Home, address: Address, publication: Publication, new: Path, memory_limit: str) -> Sent | None:
    """Make the tables show `publication`, which is sealed in the file `new`; None where they do already.

    Raises WarehouseFailed, InputError, CommitLost; OSError and duckdb.Error from this side.
    """
    try:
        return _send(home, address, publication, new, memory_limit, trusts=True)
    except _OtherRows:
        log.warning("somebody has written to the tables in %s; everything is sent anew", address)
        return _send(home, address, publication, new, memory_limit, trusts=False)


def _send(
    home: Home, address: Address, publication: Publication, new: Path, memory_limit: str, *, trusts: bool
) -> Sent | None:
    _widen(address)
    with writing(address) as cursor:
        cursor.execute(f"select pg_advisory_xact_lock({LOCK})")
        there = by_table(_rows(cursor, columns_of("metrics")))
        known = by_table(_rows(cursor, columns_of("provenance")))
        stands = _rows(cursor, "select publication_id from provenance.build") if "build" in known else []
        missing = [of for of in contract.metrics() if of not in there]
        if stands and stands[0][0] == publication.publication_id and not missing:
            return None
        _must_be_ours(cursor, address, there, bool(stands))
        base = stands[0][0] if stands and trusts else None
        with compared(home, new, base, missing, memory_limit) as difference:
            _create(cursor, missing, known)
            sent, untidy = _tables(cursor, difference, missing)
            for sql in (*map(primary_key, missing), *(sql for of in contract.metrics() for sql in indexes(of))):
                cursor.execute(sql)
            for sql in comments(set(_rows(cursor, COMMENTS))):
                cursor.execute(sql)
            if missing:
                _let_read(cursor, missing, is_new=True)
            ((build,),) = difference.connection.execute("select build from new.provenance.build").fetchall()
        cursor.execute("delete from provenance.build")
        cursor.execute(f"insert into provenance.build values ({literal(publication.publication_id)}, {literal(build)})")
        _commit(cursor, address)
    _tidy_up(address, untidy)
    return sent


def _commit(cursor: Cursor, address: Address) -> None:
    """What readers see changes here, and only here."""
    from adbc_driver_manager import Error  # noqa: PLC0415  heavy

    try:
        cursor.connection.commit()
    except Error as error:
        raise CommitLost(problem(address, error)) from None


def _tables(cursor: Cursor, difference: Difference, empty: list[str]) -> tuple[Sent, list[str]]:
    """Delete and insert what differs, table by table; what was sent, and the tables that want to be tidied up."""
    sent, untidy = Sent(difference.is_whole), []
    for of, (outdated, fresh) in difference.tables().items():
        deleted = 0
        if difference.is_whole and of not in empty:
            cursor.execute(f"delete from {table(of)}")
            deleted = cursor.rowcount
        elif outdated:
            deleted = _delete(cursor, difference, of, sent)
            if deleted != outdated:
                raise _OtherRows
        if fresh:
            sent.rows += _ingest(cursor, difference.connection, difference.fresh_rows(of), of, sent, schema="metrics")
        if of in empty or deleted >= DELETED_MANY:
            untidy.append(of)
    there = [one for (one,) in _rows(cursor, f"select publication_id from {table(HISTORY)}")]
    lacking = difference.lacking_history(there)
    sent.rows += _ingest(cursor, difference.connection, lacking, HISTORY, sent, schema="metrics")
    return sent, untidy


def _delete(cursor: Cursor, difference: Difference, of: str, sent: Sent) -> int:
    """Delete the outdated rows by their keys; the number of rows that were there."""
    keys = contract.metrics()[of].key
    stage = f"outdated_{of}"
    names = ", ".join(map(identifier, keys))
    cursor.execute(
        f"create temporary table {identifier(stage)} on commit drop as select {names} from {table(of)} with no data"
    )
    sent.keys += _ingest(cursor, difference.connection, difference.outdated_keys(of), stage, sent, schema=None)
    cursor.execute(f"analyze {identifier(stage)}")  # else the planner takes it for a large table, and reads all of ours
    equal = " and ".join(f"rows.{identifier(key)} = outdated.{identifier(key)}" for key in keys)
    cursor.execute(f"delete from {table(of)} as rows using {identifier(stage)} as outdated where {equal}")
    return cursor.rowcount


def _ingest(cursor: Cursor, connection: Any, sql: str, target: str, sent: Sent, *, schema: str | None) -> int:
    """Stream what the query gives in DuckDB into a table; the rows."""
    import pyarrow as pa  # noqa: PLC0415  heavy
    from adbc_driver_manager import Error  # noqa: PLC0415

    failures: list[BaseException] = []
    rows = connection.execute(sql).to_arrow_reader(BATCH)
    counted = 0

    def batches() -> Iterator[Any]:
        nonlocal counted
        try:
            for batch in rows:
                counted += batch.num_rows
                sent.bytes += batch.nbytes
                yield batch
        except BaseException as error:  # ADBC would only say that there was one
            failures.append(error)
            raise

    stream = pa.RecordBatchReader.from_batches(rows.schema, batches())
    try:
        cursor.adbc_ingest(target, stream, mode="append", db_schema_name=schema, temporary=schema is None)
    except Error as error:
        if failures:
            raise failures[0] from None
        if getattr(error, "sqlstate", None) == "23505" and not sent.is_whole:
            raise _OtherRows from None
        raise
    return counted


def _must_be_ours(cursor: Cursor, address: Address, there: dict[str, list[str]], is_published: bool) -> None:
    if there and not is_published:
        what = f"the schema metrics holds tables that nobody published: {', '.join(list(there)[:3])}"
        raise InputError(what, where=str(address), remedy="give another database, or move them away")
    ((encoding,),) = _rows(cursor, "select current_setting('server_encoding')")
    if encoding != "UTF8":
        what = f"the encoding of the database is {encoding}"
        raise InputError(what, where=str(address), remedy="create a database with encoding UTF8")


def _create(cursor: Cursor, missing: list[str], known: dict[str, list[str]]) -> None:
    for schema in ("metrics", "provenance"):
        if not _rows(cursor, f"select 1 where to_regnamespace('{schema}') is not null"):
            cursor.execute(f"create schema {schema}")
    for of in missing:
        cursor.execute(create_table(of))
    if "build" not in known:
        for sql in create_provenance("build"):
            cursor.execute(sql)


def _let_read(cursor: Any, tables: list[str], *, is_new: bool) -> None:
    """Let the readers that `warehouse init` made read tables or columns that are new."""
    if not _rows(cursor, "select 1 where to_regclass('provenance.readers') is not null"):
        return
    known = _rows(
        cursor, "select role, sees, account_id from provenance.readers join pg_roles on rolname = role order by role"
    )
    has_views = _rows(cursor, f"select 1 where to_regnamespace('{VIEWS}') is not null")
    for role, sees, account_id in known:
        reader = ReaderRole(role, sees == "limited", account_id)
        for sql in (
            *grants(reader, tables),
            *(policies(reader, tables) if is_new else ()),
            *(views(reader, tables) if has_views else ()),
        ):
            cursor.execute(sql)


def _widen(address: Address) -> None:
    """Bring the columns to this version of the contract, in a moment of its own: it locks readers out."""
    with connected(address) as connection:
        there = by_table(connection.execute(columns_of("metrics").encode()).fetchall())
        integers = by_table(connection.execute(INTEGERS.encode()).fetchall())
        for of, found in there.items():
            published = contract.metrics().get(of)
            lacking = [column for column in published.columns if column.name not in found] if published else []
            outgrown = [
                column
                for column in (published.columns if published else ())
                if column.type == "decimal" and column.name in integers.get(of, [])
            ]
            if outgrown:  # no type of a column changes under a view; those that are ours are made again
                connection.execute(f"drop view if exists {VIEWS}.{identifier(of)}".encode())
            for column in outgrown:
                connection.execute(as_decimal(of, column).encode())
            for column in lacking:
                connection.execute(add_column(of, column).encode())
            if lacking or outgrown:
                _let_read(connection.cursor(), [of], is_new=False)


def _tidy_up(address: Address, tables: list[str]) -> None:
    """Give the room of many deleted rows back to the tables; what fails here costs nothing but room."""
    if not tables:
        return
    try:
        with connected(address, autocommit=True) as connection:
            for of in tables:
                connection.execute(f"vacuum (analyze, truncate false) {table(of)}".encode())
    except WarehouseFailed as error:
        log.warning("published, but not tidied up: %s", error)


def _rows(cursor: Any, sql: str) -> list[tuple[Any, ...]]:
    cursor.execute(sql)
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
