"""A connection to any database that SQLAlchemy knows: read-only, one snapshot, and errors without the password."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

from sqlalchemy import Connection, Engine, Select, create_engine, exc, make_url
from sqlalchemy.pool import NullPool

from flows.ground.errors import InputError, SourceRefused, SourceUnavailable
from flows.ground.extras import DISTRIBUTION
from flows.sources.columns import Json

FETCH = 10_000  # rows that are in memory at a time
DETAIL = 300  # characters of what a database says that an error shows
POSTGRES = {"postgres", "postgresql"}
# of a transaction: what is read from one table is of one instant, and nothing can be written
SNAPSHOT: dict[str, dict[str, Any]] = {
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
    "mysql": {"isolation_level": "REPEATABLE READ"},
    "mariadb": {"isolation_level": "REPEATABLE READ"},
}
FIRST: dict[str, Sequence[str]] = {
    "postgresql": (
        "SET LOCAL TIME ZONE 'UTC'",
        "SET LOCAL DateStyle = 'ISO'",
        "SET LOCAL idle_in_transaction_session_timeout = 0",
    ),
    "mysql": ("SET time_zone = '+00:00'",),
    "mariadb": ("SET time_zone = '+00:00'",),
    "sqlite": ("PRAGMA query_only = on", "BEGIN"),
}
# modules of drivers whose package has another name
PACKAGES = {
    "psycopg": f"{DISTRIBUTION}[postgres]",
    "MySQLdb": "mysqlclient",
    "snowflake": "snowflake-sqlalchemy",
    "bigquery": "sqlalchemy-bigquery",
    "redshift": "sqlalchemy-redshift",
    "databricks": "databricks-sqlalchemy",
    "clickhouse": "clickhouse-sqlalchemy",
}
_SECRET = re.compile(r"pass|pwd|secret|token|key|odbc_connect", re.IGNORECASE)
_LOGIN = re.compile(r"authentication|password|access denied|login failed|role .* does not exist|pg_hba", re.IGNORECASE)
_NO_RIGHT = re.compile(r"permission denied|command denied|not authorized", re.IGNORECASE)
_WRONG = re.compile(
    r"does not exist|doesn't exist|no such|unknown (?:database|column|table)|unable to open|not a database|syntax|"
    r"could not decode",
    re.IGNORECASE,
)
_PASSING = {"08", "40", "53", "55", "57"}  # classes of SQLSTATE: connection, conflict, resources, locks, shut down


class Database:
    """One database, named by its URL. Nothing is opened before it is asked."""

    def __init__(self, url: str, at: str) -> None:
        """`at` says where the URL stands, for errors. Raises InputError."""
        try:
            parsed = make_url(url)
        except (exc.ArgumentError, ValueError):  # they may quote it
            what = "this is not a URL of SQLAlchemy"
            raise InputError(what, where=at, remedy="write it as postgresql://user:password@host/database") from None
        if parsed.drivername in POSTGRES:
            parsed = parsed.set(drivername="postgresql+psycopg")
        self._url, self._backend = parsed, parsed.get_backend_name()
        self._is_psycopg = parsed.drivername == "postgresql+psycopg"
        port = f":{parsed.port}" if parsed.port else ""
        self.shown = f"{self._backend}://{parsed.host or ''}{port}/{parsed.database or ''}"
        secrets = [str(parsed.password or ""), *(str(v) for k, v in parsed.query.items() if _SECRET.search(k))]
        secrets += [form for one in secrets for form in (quote(one, ""), quote_plus(one), unquote_plus(one))]
        self._secrets = sorted(filter(None, secrets), key=len, reverse=True)

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection that reads one state of the database. Raises SourceUnavailable, SourceRefused."""
        with self.said():
            engine = self._engine()
            with engine.connect() as connection:
                if self._is_psycopg:
                    _read_any_instant(connection)
                for statement in FIRST.get(self._backend, ()):
                    connection.exec_driver_sql(statement)
                yield connection

    def rows(self, connection: Connection, statement: Select[Any]) -> Iterator[Sequence[Sequence[Any]]]:
        """The rows in parts, as the driver delivers them. Raises as `snapshot`."""
        with self.said(), connection.execution_options(yield_per=FETCH).execute(statement) as result:
            yield from result.partitions(FETCH)

    def names(self, connection: Connection, statement: Select[Any]) -> tuple[str, ...]:
        """The columns of a statement. Raises as `snapshot`."""
        with self.said(), connection.execute(statement) as result:
            return tuple(result.keys())

    @contextmanager
    def said(self) -> Iterator[None]:
        """What the database says, as errors of ours, without the originals: they may quote the URL."""
        try:
            yield
        except exc.DBAPIError as error:
            raise self._problem(error) from None
        except exc.SQLAlchemyError as error:
            raise SourceRefused(
                self._clean(str(error)), where=self.shown, remedy="see to the settings of sql"
            ) from None

    def _engine(self) -> Engine:
        path = str(self._url.database)
        if self._backend == "sqlite" and not path.startswith("file:") and not Path(path).is_file():
            # SQLite would make it
            raise SourceRefused("there is no such file", where=self.shown, remedy="see to the path in the URL")
        given: dict[str, Any] = {}
        if self._is_psycopg:
            given["json_deserializer"] = _json
            defaults = {"connect_timeout": 10, "application_name": "agent-metrics"}
            given["connect_args"] = {name: value for name, value in defaults.items() if name not in self._url.query}
        try:
            engine = create_engine(self._url, poolclass=NullPool, **given)
        except exc.NoSuchModuleError:
            raise self._no_driver(self._url.drivername.partition("+")[0]) from None
        except ImportError as error:
            raise self._no_driver(str(error.name or self._url.get_driver_name()).partition(".")[0]) from None
        if engine.dialect.is_async:
            what = f"the driver {self._url.get_driver_name()} is asynchronous"
            raise SourceRefused(what, where=self.shown, remedy="name another driver, e.g. postgresql+psycopg://")
        return engine.execution_options(**SNAPSHOT.get(self._backend, {}))

    def _no_driver(self, module: str) -> SourceRefused:
        package = PACKAGES.get(module, module)
        remedy = f"install it: pip install '{package}'"
        return SourceRefused(f"the driver {module} is not installed", where=self.shown, remedy=remedy)

    def _problem(self, error: exc.DBAPIError) -> SourceUnavailable:
        original = error.orig
        diagnosis = getattr(getattr(original, "diag", None), "message_primary", None)
        what = f"the database says: {self._clean(str(diagnosis or original))}"
        state = getattr(original, "sqlstate", None)
        if _NO_RIGHT.search(what):
            return SourceRefused(what, where=self.shown, remedy="grant SELECT on it to the user of the URL")
        if _LOGIN.search(what):
            return SourceRefused(what, where=self.shown, remedy="see to user and password of the URL")
        passing = state[:2] in _PASSING if state else isinstance(error, exc.OperationalError | exc.InterfaceError)
        if passing and (state or not _WRONG.search(what)):
            remedy = "see to the network and the server; the next run goes on where this run stopped"
            return SourceUnavailable(what, where=self.shown, remedy=remedy)
        return SourceRefused(what, where=self.shown, remedy="see to the URL, and to table, query and cursor")

    def _clean(self, text: str) -> str:
        text = " ".join(text.split())
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text[:DETAIL]


def _json(text: str | bytes) -> Json:
    return Json(text if isinstance(text, str) else text.decode())


def _read_any_instant(connection: Connection) -> None:
    """Give instants that Python has no value for, such as infinity, as texts: their row is refused, not the table."""
    from psycopg.adapt import Loader  # noqa: PLC0415  an extra

    class Instant(Loader):
        _of: Any = datetime

        def load(self, data: bytes | bytearray | memoryview) -> datetime | date | str:
            text = bytes(data).decode()
            try:
                found: datetime | date = self._of.fromisoformat(text)
            except ValueError:
                return text
            return found

    class Day(Instant):
        _of = date

    adapters: Any = connection.connection.driver_connection.adapters  # type: ignore[union-attr]
    adapters.register_loader("timestamptz", Instant)
    adapters.register_loader("timestamp", Instant)
    adapters.register_loader("date", Day)
