"""The DuckDB file that readers open.

What readers see changes by one `os.replace`. Until that call the last publication stands, whatever fails or is killed;
whoever has the replaced file open keeps reading it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import duckdb

from flows.ground.errors import NothingPublished, StorageFailed
from flows.ground.home import Home, sync_folder
from flows.ground.sql import first_line, literal
from flows.warehouses.files import half_made, kept_file, link_or_copy, wal
from flows.warehouses.publication import Publication, Published, read_published
from flows.warehouses.reader import Reader
from flows.warehouses.warehouse import Sent

if TYPE_CHECKING:
    import pyarrow as pa

PUT_BACK = "copy the newest file of publications/ that can be opened over it"
MAKE_ROOM = "make room on the disk and run again; if it is damaged, copy the newest file of publications/ that opens"
ROWS_OF_A_BATCH = 40_960
MEMORY_OF_A_STREAM = "1GB"  # what a query holds that may put the rest on disk


@dataclass(frozen=True)
class DuckDBFile:
    """`<home>/warehouse.duckdb`, a warehouse."""

    home: Home

    def __str__(self) -> str:
        return str(self.file)

    @property
    def file(self) -> Path:
        """What readers open: under its former name in a home of an earlier version, until the next publishing."""
        new, former = self.home.published_file, self.home.former_published_file
        return former if former.exists() and not new.exists() else new

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """One whole publication. Raises NothingPublished before the first one, StorageFailed if it cannot be read."""
        file = self.file
        if not file.exists():
            raise NothingPublished(
                "nothing is published yet", where=str(self.home.root), remedy="run `agent-metrics run` first"
            )
        with ExitStack() as closing, memory() as connection:
            attach(connection, file, "published")
            connection.execute("use published")
            yield _Reader(connection, file, closing)

    def standing(self) -> Published | None:
        """What stands there, None before the first publication. Raises StorageFailed if it cannot be read."""
        if not self.file.exists():
            return None
        with self.read() as reader:
            standing, is_sealed = read_published(reader), reader.sees("provenance.build", "build")
        if standing is None or not is_sealed:
            raise _no_publication("it has no row of its own", self.file)
        return standing

    def hindrance(self) -> str | None:
        """Nothing: the home's permissions are looked at by themselves."""
        return None

    def switch(self, publication: Publication) -> Sent | None:
        """Show the publication, which is kept; nothing travels.

        Raises StorageFailed or OSError; the last one stands then.
        """
        self.standing()  # what is not a publication is not overwritten
        new = half_made(self.home.published_file)
        link_or_copy(kept_file(self.home, publication.publication_id), new)
        os.replace(new, self.home.published_file)  # what readers see changes here, and only here
        sync_folder(self.home.root)
        return None


@dataclass(frozen=True)
class _Reader:
    connection: duckdb.DuckDBPyConnection
    file: Path
    closing: ExitStack = field(default_factory=ExitStack)
    seen: dict[str, frozenset[str]] = field(default_factory=dict)  # columns by table

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        try:
            return self.connection.execute(sql).fetchall()
        except duckdb.Error as error:
            raise _no_publication(first_line(error), self.file) from error

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa  # noqa: PLC0415  a part of a second

        try:
            # a connection of its own: another query on the same one would end the stream
            with self._frugal.cursor() as stream:
                stream.execute("set TimeZone = 'UTC'")
                stream.execute("use published")
                yield from stream.execute(sql).to_arrow_reader(ROWS_OF_A_BATCH)
        except (duckdb.Error, pa.ArrowException, OSError) as error:  # what comes while it streams is pyarrow's
            raise StorageFailed(
                f"could not be read ({first_line(error)})", where=str(self.file), remedy=MAKE_ROOM
            ) from error

    def sees(self, table: str, column: str) -> bool:
        """Who may open the file reads all of it; one of an earlier version may lack the column."""
        return column in self._columns(table)

    def _columns(self, table: str) -> frozenset[str]:
        """Those of a table that was asked for; to list those of all tables takes as long as to open the file."""
        if table not in self.seen:
            try:
                found = self.connection.execute(f"describe {table}").fetchall()
            except duckdb.CatalogException:  # it is not there
                found = []
            except duckdb.Error as error:
                raise _no_publication(first_line(error), self.file) from error
            self.seen[table] = frozenset(name for name, *_ in found)
        return self.seen[table]

    @cached_property
    def _frugal(self) -> duckdb.DuckDBPyConnection:
        """The connection, which from now on holds little in memory; the rest goes to a folder that nobody else reads.

        Once for all streams: DuckDB refuses to name the folder again when it was used. It goes with the reader.
        """
        folder = self.closing.enter_context(TemporaryDirectory(prefix="agent-metrics-", ignore_cleanup_errors=True))
        self.connection.execute(f"set temp_directory = {literal(folder)}")
        self.connection.execute(f"set memory_limit = '{MEMORY_OF_A_STREAM}'")
        return self.connection


def _no_publication(why: str, file: Path) -> StorageFailed:
    return StorageFailed(f"is not a publication ({why})", where=str(file), remedy=PUT_BACK)


def read_file(file: Path) -> Published:
    """What a kept file holds. Raises StorageFailed if it is none."""
    with memory() as connection:
        attach(connection, file, "published")
        connection.execute("use published")
        published = read_published(_Reader(connection, file))
    if published is None:
        raise _no_publication("it has no row of its own", file)
    return published


def rename_former(home: Home) -> None:
    """Give the published file of an earlier version its name of today; readers see the same publication under it.

    Where both are there, because an earlier version was used again in between, the newer publication stays.
    Raises StorageFailed if the former file is not a publication; it is left alone then.
    """
    former, file = home.former_published_file, home.published_file
    if not former.exists():
        return
    wal(former).unlink(missing_ok=True)
    publication_id = read_file(former).newest.publication_id
    if file.exists() and read_file(file).newest.publication_id >= publication_id:
        former.unlink()
    else:
        os.replace(former, file)
    sync_folder(home.root)


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
