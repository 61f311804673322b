"""Connections to Postgres, and what it says when something is wrong, without a password and without rows."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from flows.ground.address import Address
from flows.ground.errors import InputError, WarehouseFailed, WarehouseUnavailable
from flows.ground.extras import needing
from flows.ground.sql import first_line, identifier

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Cursor
    from psycopg import Connection as Psycopg

    Connection = Psycopg[tuple[Any, ...]]

# Unless the URL says otherwise: nobody waits for ever for a server that is gone.
DEFAULTS = {
    "application_name": "agent-metrics",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
# Whatever the URL, PGCLIENTENCODING or the role's settings say: texts are sent and read as UTF-8.
PINNED = {"client_encoding": "UTF8"}
# Of a transaction. Only waiting is bounded: a first load takes as long as it takes, and the server notices when we die.
LOCAL = {
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "standard_conforming_strings": "on",
    "lock_timeout": "10s",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
# What was refused before there was a session will be refused again, each with its remedy. Servers that speak another
# language only cost the retries.
_REFUSED = {
    re.compile(r"no pg_hba.conf entry"): (
        "let the server's pg_hba.conf admit this user from this host, or see to sslmode in the URL"
    ),
    re.compile(r"certificate|sslmode|private key|\bSSL\b|\.crt\b"): (
        "see to sslmode in the URL (PGSSLMODE), and where it checks certificates, to sslrootcert and the host's name"
    ),
    re.compile(
        r"authentication failed|no password supplied|does not exist|permission denied|not permitted to log in"
    ): ("see to user, password (PGPASSWORD, ~/.pgpass) and database"),
}
# What pgbouncer says for itself: whether another try can help, and the remedy.
_POOLER = {
    re.compile(r"unsupported startup parameter"): (
        False,
        "take it out of the URL (and PGOPTIONS), or have pgbouncer pass over it (ignore_startup_parameters)",
    ),
    re.compile(r"no such database"): (False, "see to the database in the URL, or name it in pgbouncer's [databases]"),
    re.compile(r"statement pooling mode"): (False, "set pool_mode of pgbouncer to transaction or session"),
    re.compile(r"^(?:query|idle transaction) timeout$"): (
        False,
        "set query_timeout and idle_transaction_timeout of pgbouncer to 0, and run again",
    ),
    re.compile(r"query_wait_timeout|server login has been failing"): (
        True,
        "run again once pgbouncer reaches its server and has two connections for us"
        " (default_pool_size, max_db_connections)",
    ),
}
_FULL = re.compile(r"too many connections for (?:role|database)")
_MESSAGE = re.compile(r"(?:ERROR|FATAL|PANIC):\s*(.*)")
_STANDS = "the last publication stands there"


@contextmanager
def writing(address: Address) -> Iterator[Cursor]:
    """A cursor of ADBC in a transaction, committed by the caller (`cursor.connection.commit()`), else undone.

    Raises WarehouseUnavailable, WarehouseFailed, InputError.
    """
    dbapi = _installed("adbc_driver_postgresql.dbapi")
    with translated(address, dbapi.Error):
        connection = dbapi.connect(_conninfo(address))
        try:
            cursor = connection.cursor()
            try:
                for setting, value in LOCAL.items():
                    cursor.execute(f"set local {setting} = '{value}'")
                yield cursor
            finally:
                with suppress(dbapi.Error):
                    cursor.close()
        finally:
            with suppress(dbapi.Error):  # it may be lost already
                connection.rollback()
            with suppress(dbapi.Error):
                connection.close()


@contextmanager
def connected(address: Address, *, autocommit: bool = False) -> Iterator[Connection]:
    """A connection of psycopg, for everything but bulk; committed at its end unless something is raised.

    Raises WarehouseUnavailable, WarehouseFailed, InputError.
    """
    psycopg = _installed("psycopg")
    with translated(address, psycopg.Error), _psycopg(address, autocommit=autocommit) as connection:
        if not autocommit:  # what is set for a session reaches the next one behind pgbouncer
            for setting, value in LOCAL.items():
                connection.execute(f"set local {setting} = '{value}'")
        yield connection


@contextmanager
def snapshot(address: Address) -> Iterator[Connection]:
    """A connection that reads one publication, whatever is published meanwhile. Raises as `connected`."""
    psycopg = _installed("psycopg")
    with translated(address, psycopg.Error), _psycopg(address) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        for setting in ("TimeZone", "DateStyle", "standard_conforming_strings", "lock_timeout"):
            connection.execute(f"set local {setting} = '{LOCAL[setting]}'")
        yield connection


@contextmanager
def translated(address: Address, kind: type[Exception]) -> Iterator[None]:
    """Turn what a driver raises into errors of ours, without the original: it may quote rows."""
    try:
        yield
    except kind as error:
        raise problem(address, error) from None


def problem(address: Address, error: Exception) -> WarehouseFailed:
    """What the server said, as an error of ours."""
    state: str | None = getattr(error, "sqlstate", None)
    message = _MESSAGE.search(str(error))
    said = message[1] if message else first_line(error) if state else " ".join(str(error).split())
    what, where = f"Postgres says: {address.scrubbed(said)}", str(address)
    for pattern, (helps, remedy) in _POOLER.items():
        if pattern.search(said):
            kind = WarehouseUnavailable if helps else WarehouseFailed
            return kind(f"pgbouncer says: {address.scrubbed(said)}", where=where, remedy=f"{_STANDS}; {remedy}")
    refused = next((remedy for pattern, remedy in _REFUSED.items() if state is None and pattern.search(said)), None)
    if refused:
        return WarehouseFailed(what, where=where, remedy=refused)
    if state is None or state[:2] in {"08", "40", "57"} or state in {"53300", "55P03"}:
        once = "its connection limit allows two more" if _FULL.search(said) else "the server takes connections"
        remedy = f"{_STANDS}; run again once {once}"
        return WarehouseUnavailable(what, where=where, remedy=remedy)
    remedies = {
        "42501": "let an administrator run `agent-metrics warehouse init`, or grant it",
        "53100": "make room on the server and run again",
        "53400": "make room on the server, or raise the limit, and run again",
        "54000": "an id is too long for an index of Postgres; leave its row out at the source",
    }
    return WarehouseFailed(what, where=where, remedy=f"{_STANDS}; {remedies.get(state, 'see the log of the server')}")


def columns_of(schema: str) -> str:
    """SQL for the tables of a schema and their columns, in order: a row for each column."""
    return f"""select c.relname, a.attname
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        join pg_attribute as a on a.attrelid = c.oid
        where n.nspname = '{schema}' and c.relkind in ('r', 'p', 'v', 'm', 'f') and a.attnum > 0 and not a.attisdropped
        order by c.relname, a.attnum"""


# Integers as they stand in the schema metrics: table, column.
INTEGERS = """select c.relname, a.attname
    from pg_class as c join pg_attribute as a on a.attrelid = c.oid
    where c.relnamespace = to_regnamespace('metrics') and c.relkind = 'r'
        and a.attnum > 0 and not a.attisdropped and a.atttypid = 'bigint'::regtype"""


def by_table(rows: list[tuple[Any, ...]]) -> dict[str, list[str]]:
    """Table -> columns, of the rows that `columns_of` gives."""
    tables: dict[str, list[str]] = {}
    for table, column in rows:
        tables.setdefault(table, []).append(column)
    return tables


def table(of: str) -> str:
    """A published table as SQL."""
    return f"metrics.{identifier(of)}"


def _conninfo(address: Address) -> str:
    """What libpq is told. Raises InputError where it does not understand the URL."""
    from psycopg import ProgrammingError  # noqa: PLC0415
    from psycopg.conninfo import conninfo_to_dict, make_conninfo  # noqa: PLC0415

    try:
        given = {name: str(value) for name, value in conninfo_to_dict(address.reveal()).items() if value is not None}
    except ProgrammingError as error:
        what = f"this is not a URL of Postgres ({address.scrubbed(first_line(error))})"
        raise InputError(
            what, where=str(address), remedy="see https://www.postgresql.org/docs/current/libpq-connect.html"
        ) from None
    return make_conninfo("", **{**DEFAULTS, **given, **PINNED})


def _psycopg(address: Address, *, autocommit: bool = False) -> Connection:
    """Without prepared statements: behind pgbouncer their names are refused to whoever gets the connection next."""
    psycopg = _installed("psycopg")
    opened: Connection = psycopg.connect(_conninfo(address), autocommit=autocommit, prepare_threshold=None)
    return opened


def _installed(module: str) -> Any:
    with needing("postgres", "a warehouse in Postgres"):
        return importlib.import_module(module)
