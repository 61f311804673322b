"""Loads on disk: how one is written, committed and found again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

import contract
from flows.ground.errors import StorageFailed
from flows.ground.sql import literal
from flows.lake.manifests import Input, LakeFile, Load, Manifests
from flows.lake.parents import several_parents
from flows.lake.storage import Folder, Remote, Storage


@dataclass
class LoadWriter:
    """A load under way. What is never committed is read by nobody and swept by the next `begin`."""

    storage: Storage
    manifests: Manifests
    scratch: Path
    number: int
    source: str
    loaded_at: datetime
    files: list[LakeFile] = field(default_factory=list)
    readable: dict[str, Path] = field(default_factory=dict)

    def write(self, connection: duckdb.DuckDBPyConnection, table: str, ordinal: int, rows: str) -> Path:
        """Write `rows`, a SELECT as `landing.landed` gives it with `_position`, as this load's file `ordinal`.

        Gives where the file can be read on this machine until the load is committed. Written again, it is replaced.
        """
        path = f"data/{table}/{self.number:010}-{ordinal:04}.parquet"
        local = self.scratch / Path(path).name
        stamp = (
            f"{literal(self.source)} AS _source, {self.number}::BIGINT AS _load, {ordinal}::BIGINT AS _file, "
            f"_position, TIMESTAMPTZ {literal(self.loaded_at.isoformat())} AS _loaded_at, _refused, _payload"
        )
        with storing(self.storage.url(path)):
            connection.execute(
                f"COPY (SELECT * EXCLUDE (_position, _refused, _payload), {stamp} FROM ({rows})) "
                f"TO {literal(str(local))} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
            )
            described = described_file(connection, table, path, local)
            written = self.storage.put(local, path)
        for earlier in [file for file in self.files if file.path == path]:
            self.files.remove(earlier)
        self.files.append(described)
        self.readable[path] = written
        return written

    def warnings(self, connection: duckdb.DuckDBPyConnection) -> list[str]:
        """What of the rows written so far is doubtful, as sentences: keys with several parents."""
        tables: dict[str, list[Path]] = {}
        for file in self.files:
            tables.setdefault(file.table, []).append(self.readable[file.path])
        with storing(self.scratch):
            return [one for table in sorted(tables) for one in several_parents(connection, table, tables[table])]

    def abandon(self) -> None:
        """Remove what this load has put on disk beside the lake's own files; those go with the next `begin`."""
        shutil.rmtree(self.scratch, ignore_errors=True)

    def commit(self, inputs: tuple[Input, ...], ignored_columns: dict[str, list[str]]) -> Load:
        """Make everything written so far one load, at once."""
        files = tuple(sorted(self.files, key=lambda file: (Path(file.path).name, file.path)))
        previous = self.manifests.newest()
        load = Load(self.number, self.source, self.loaded_at, files, inputs, ignored_columns, previous)
        with storing(self.storage.url("loads")):
            self.manifests.add(load)
            shutil.rmtree(self.scratch, ignore_errors=True)
        return load


class Lake:
    """The loads in `root`, or at `url`; then `root` only holds what this machine needs beside them.

    Who begins a load holds the lock of the home. New loads have numbers above `above`, too: the last load that
    anything derived from this lake has seen, also where the lake itself was set back since.
    """

    def __init__(self, root: Path, url: str | None = None, above: int = 0) -> None:
        self.root = root
        self.above = above
        self.storage: Storage = Remote(url) if url else Folder(root)
        self.manifests = Manifests(self.storage)

    def files(self, after: int = 0) -> list[LakeFile]:
        """The files of the committed loads with a number greater than `after`, in order.

        A file may hold rows of several loads, earlier ones too: who reads it looks at `_load`.
        """
        with storing(self.storage.url("loads")):
            return self.manifests.files(after)

    def newest(self) -> int:
        """The number of the last committed load, 0 where there is none; numbers grow and are never used again."""
        with storing(self.storage.url("loads")):
            return self.manifests.newest()

    def inputs(self, source: str) -> dict[str, str]:
        """What `source` was loaded from: the last digest of every name."""
        with storing(self.storage.url("loads")):
            return self.manifests.inputs(source)

    def identity(self, number: int) -> str | None:
        """What tells the load of this number from another of the same number; None where there is no such load.

        Empty where it is not known, because an earlier version wrote the load, and of number 0.
        """
        with storing(self.storage.url("loads")):
            return self.manifests.identity(number) if number else ""

    def path(self, file: LakeFile) -> str:
        """What read_parquet takes, on a connection that `connect` has seen."""
        return self.storage.url(file.path)

    def connect(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Teach the database of `connection` to read this lake."""
        self.storage.connect(connection)

    def begin(self, source: str) -> LoadWriter:
        """Start a load; what killed loads left behind goes first."""
        scratch = self.root / "tmp"
        with storing(str(self.root)):
            shutil.rmtree(scratch, ignore_errors=True)
            newest = self.manifests.newest()
            self._sweep(newest)
            scratch.mkdir(parents=True)
        number = max(newest, self.above) + 1
        return LoadWriter(self.storage, self.manifests, scratch, number, source, datetime.now(UTC))

    def _sweep(self, newest: int) -> None:
        """Remove what loads that were never committed left: they came after the newest.

        Earlier files without a manifest have lost it; files of many loads are the compaction's to remove.
        """
        for path, first, last in self.manifests.data_files():
            if first == last and first > newest:
                self.storage.remove(path)


def described_file(connection: duckdb.DuckDBPyConnection, table: str, path: str, local: Path) -> LakeFile:
    """The Parquet file `local`, which becomes the lake's `path`, as manifests describe it."""
    with local.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return replace(counted_file(connection, table, path, str(local)), size=local.stat().st_size, sha256=sha256)


def counted_file(connection: duckdb.DuckDBPyConnection, table: str, path: str, url: str) -> LakeFile:
    """The Parquet file at `url`, the lake's `path`, with its rows counted. Raises duckdb.Error if it is not whole."""
    [(rows, refused)] = connection.execute(
        f"SELECT count(*), count(_refused) FROM read_parquet({literal(url)}, hive_partitioning=false)"
    ).fetchall()
    event_time = contract.landing()[table].event_time if table in contract.landing() else None
    [(first_at, last_at)] = connection.execute(
        f"""SELECT min(stats_min_value), max(stats_max_value)
        FROM parquet_metadata({literal(url)}) WHERE path_in_schema = {literal(event_time)}"""
    ).fetchall()
    return LakeFile(table, path, int(rows), int(refused), first_at=first_at, last_at=last_at)


@contextmanager
def storing(where: str | os.PathLike[str]) -> Iterator[None]:
    """Trouble with the lake's own files, as StorageFailed."""
    try:
        yield
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise StorageFailed(
            f"the lake could not be written or read ({error})",
            where=str(where),
            remedy="make room or set the permissions right, and run again",
        ) from error
    except json.JSONDecodeError as error:
        raise StorageFailed("is not a whole manifest", where=str(where), remedy="restore it from a backup") from error
