"""What is published, read from the published file itself: no second place keeps it that could disagree."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from flows.errors import InputError, StorageFailed
from flows.home import Home

PUT_BACK = "copy the newest file of publications/ over it"


@dataclass(frozen=True)
class Publication:
    """One row of `metrics.publications` (rule 9.2). Instants are UTC; `row_counts` is table -> rows.

    `publication_id` is the text of `published_at` to the microsecond and sorts as the publications followed each
    other: where the clock was set back, both are one microsecond after the publication before.
    """

    publication_id: str
    as_of: datetime
    data_up_to: datetime | None
    published_at: datetime
    contract_version: int
    checks_passed: int
    checks_total: int
    row_counts: dict[str, int]
    restores_publication_id: str | None

    def to_json_dict(self) -> dict[str, Any]:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: utc_text(value) if isinstance(value, datetime) else value for name, value in values.items()}


@dataclass(frozen=True)
class Published:
    """What readers see: all publications, newest last, and the description of the build that stands."""

    publications: tuple[Publication, ...]
    build: dict[str, Any]

    @property
    def newest(self) -> Publication:
        return self.publications[-1]

    def find(self, publication_id: str) -> Publication | None:
        return next((one for one in self.publications if one.publication_id == publication_id), None)

    def before(self) -> Publication | None:
        """The publication that going back brings back: the one before the newest.

        Before a restore is what was before the one that it restored, so going back twice goes back twice.
        """
        order = {one.publication_id: index for index, one in enumerate(self.publications)}
        index = len(self.publications) - 1
        while (restored := self.publications[index].restores_publication_id) is not None:
            index = order[restored]
        return self.publications[index - 1] if index else None


def published(home: Home) -> Published | None:
    """What is published in `home`, or None before the first publication. StorageFailed if the file cannot be read."""
    if not home.published_file.exists():
        return None
    with open_published(home) as connection:
        try:
            return read_published(connection)
        except duckdb.Error as error:
            raise not_a_publication(home, error) from error


def not_a_publication(home: Home, error: duckdb.Error) -> StorageFailed:
    return StorageFailed(f"is no publication ({first_line(error)})", where=str(home.published_file), remedy=PUT_BACK)


@contextmanager
def open_published(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory connection (time zone UTC) with the published file as `published`, read-only: one whole publication.

    InputError before the first publication, StorageFailed if the file cannot be read.
    """
    if not home.published_file.exists():
        raise InputError("nothing is published yet", where=str(home.root), remedy="run `agent-metrics run` first")
    with memory() as connection:
        attach(connection, home.published_file, "published")
        yield connection


def read_published(connection: duckdb.DuckDBPyConnection) -> Published:
    """What `open_published` opened."""
    columns = ", ".join(field.name for field in fields(Publication))
    rows = connection.execute(f"select {columns} from published.metrics.publications order by publication_id")
    publications = tuple(_publication(row) for row in rows.fetchall())
    build = connection.execute("select build from published.provenance.build").fetchone()
    if not publications or build is None:
        raise duckdb.InvalidInputException("it has no row of its own")
    return Published(publications, json.loads(build[0]))


def is_held(home: Home, standing: Published | None) -> bool:
    """Whether further publications are held: the newest one went back, and nobody has resumed since."""
    if standing is None or standing.newest.restores_publication_id is None:
        return False
    try:
        resumed = resumed_file(home).read_text("utf-8").strip()
    except FileNotFoundError:
        return True
    return resumed != standing.newest.publication_id


def resumed_file(home: Home) -> Path:
    """Names the restore after which publishing was resumed."""
    return home.publications / "resumed"


@contextmanager
def memory() -> Iterator[duckdb.DuckDBPyConnection]:
    """A fresh in-memory connection.

    Files are attached to one, never opened by their path: a process that still holds the replaced file would get
    that one again.
    """
    with duckdb.connect(":memory:") as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def attach(
    connection: duckdb.DuckDBPyConnection,
    file: Path,
    alias: str,
    *,
    read_only: bool = True,
    remedy: str = PUT_BACK,
) -> None:
    """Attach `file` as `alias`. StorageFailed if it is locked, damaged, or may not be read."""
    try:
        connection.execute(f"attach {literal(str(file))} as {alias} (type duckdb{', read_only' if read_only else ''})")
    except duckdb.Error as error:
        is_locked = "lock" in str(error) or "conflict" in str(error)
        remedy = "close the program that has it open for writing" if is_locked else remedy
        raise StorageFailed(f"cannot be opened ({first_line(error)})", where=str(file), remedy=remedy) from error


def table_counts(connection: duckdb.DuckDBPyConnection, alias: str) -> dict[str, int]:
    """Rows of each table in the schema `metrics` of the attached file."""
    tables = connection.execute(
        f"""select table_name from duckdb_tables()
        where database_name = {literal(alias)} and schema_name = 'metrics' order by 1"""
    ).fetchall()
    counts = {}
    for (table,) in tables:
        name = table.replace('"', '""')
        row = connection.execute(f'select count(*) from {alias}.metrics."{name}"').fetchone()
        counts[table] = int(row[0]) if row else 0
    return counts


def literal(value: str | int | date | None) -> str:
    """A text, number, date or instant as SQL.

    Parameters would do, but DuckDB imports pandas to bind one: a second more for each command.
    """
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return f"timestamptz '{value.isoformat()}'"
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    return "'" + value.replace("'", "''") + "'"


def utc_text(instant: datetime | None) -> str | None:
    """ISO text of an instant, in UTC, with Z."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z") if instant else None


def _publication(row: tuple[Any, ...]) -> Publication:
    values = {field.name: value for field, value in zip(fields(Publication), row, strict=True)}
    for name in ("as_of", "data_up_to", "published_at"):
        values[name] = values[name].astimezone(UTC) if values[name] else None
    return Publication(**{**values, "row_counts": json.loads(values["row_counts"])})


def first_line(error: Exception) -> str:
    """What DuckDB said, without the query and its hints."""
    return str(error).partition("\n")[0]
