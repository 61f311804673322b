"""Loads on disk: how one is written, committed and found again."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from flows.errors import StorageFailed
from flows.home import sync_folder, write_durably
from flows.lake.landing import literal


@dataclass(frozen=True)
class LakeFile:
    """One Parquet file; `path` is relative to the lake, with slashes; `refused` of its `rows` are refused."""

    table: str
    path: str
    rows: int
    refused: int


@dataclass(frozen=True)
class Input:
    """What a load consumed: a name that stays the same from load to load, and a digest of its content."""

    name: str
    digest: str


@dataclass(frozen=True)
class Load:
    """A committed load; `loaded_at` is UTC; `ignored_columns` are those the contract does not know, by table."""

    number: int
    source: str
    loaded_at: datetime
    files: tuple[LakeFile, ...]
    inputs: tuple[Input, ...]
    ignored_columns: dict[str, list[str]]


@dataclass
class LoadWriter:
    """A load under way. What is never committed is read by nobody and swept by the next `begin`."""

    root: Path
    number: int
    source: str
    loaded_at: datetime
    files: list[LakeFile] = field(default_factory=list)

    @property
    def scratch(self) -> Path:
        return self.root / "tmp"

    def write(self, connection: duckdb.DuckDBPyConnection, table: str, ordinal: int, rows: str) -> Path:
        """Write `rows`, a SELECT as `landing.landed` gives it with `_position`, as this load's file `ordinal`."""
        path = self.root / "data" / table / f"{self.number:010}-{ordinal:04}.parquet"
        stamp = (
            f"{literal(self.source)} AS _source, {self.number}::BIGINT AS _load, {ordinal}::BIGINT AS _file, "
            f"_position, TIMESTAMPTZ {literal(self.loaded_at.isoformat())} AS _loaded_at, _refused, _payload"
        )
        with storing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            connection.execute(
                f"COPY (SELECT * EXCLUDE (_position, _refused, _payload), {stamp} FROM ({rows})) "
                f"TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
            )
            with path.open("rb") as file:
                os.fsync(file.fileno())
        [(rows_written, refused)] = connection.execute(
            f"SELECT count(*), count(_refused) FROM read_parquet({literal(str(path))}, hive_partitioning=false)"
        ).fetchall()
        self.files.append(LakeFile(table, path.relative_to(self.root).as_posix(), rows_written, refused))
        return path

    def commit(self, inputs: tuple[Input, ...], ignored_columns: dict[str, list[str]]) -> Load:
        """Make everything written so far one load, at once."""
        files = tuple(sorted(self.files, key=lambda file: (Path(file.path).name, file.path)))
        load = Load(self.number, self.source, self.loaded_at, files, inputs, ignored_columns)
        manifest = json.dumps({**asdict(load), "loaded_at": load.loaded_at.isoformat()}, indent=1)
        with storing(self.root):
            for folder in {(self.root / file.path).parent for file in files}:
                sync_folder(folder)
            write_durably(self.root / "loads" / f"{self.number:010}.json", manifest)
            shutil.rmtree(self.scratch, ignore_errors=True)
        return load


class Lake:
    """The loads under `root`. Who begins one holds the lock of the home."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def loads(self, after: int = 0) -> list[Load]:
        """The committed loads with a number greater than `after`, in order."""
        return [self._read(number) for number in self._numbers() if number > after]

    def path(self, file: LakeFile) -> Path:
        return self.root / file.path

    def begin(self, source: str) -> LoadWriter:
        """Start a load; what killed loads left behind goes first."""
        numbers = self._numbers()
        with storing(self.root):
            self._sweep(set(numbers))
            (self.root / "tmp").mkdir(parents=True)
        return LoadWriter(self.root, max(numbers, default=0) + 1, source, datetime.now(UTC))

    def _numbers(self) -> list[int]:
        return sorted(int(path.stem) for path in (self.root / "loads").glob("[0-9]*.json"))

    def _read(self, number: int) -> Load:
        path = self.root / "loads" / f"{number:010}.json"
        with storing(path):
            text = path.read_text("utf-8")
        try:
            manifest = json.loads(text)
        except ValueError as error:
            raise StorageFailed("is no whole manifest", where=str(path), remedy="restore it from a backup") from error
        return Load(
            number=number,
            source=manifest["source"],
            loaded_at=datetime.fromisoformat(manifest["loaded_at"]),
            files=tuple(LakeFile(**file) for file in manifest["files"]),
            inputs=tuple(Input(**given) for given in manifest["inputs"]),
            ignored_columns=manifest["ignored_columns"],
        )

    def _sweep(self, committed: set[int]) -> None:
        """Remove data files of loads without a manifest, and the scratch."""
        shutil.rmtree(self.root / "tmp", ignore_errors=True)
        for path in (self.root / "data").glob("*/*"):
            number = path.name.partition("-")[0]
            if not (number.isdigit() and int(number) in committed):
                path.unlink()


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Trouble with the lake's own files, as StorageFailed."""
    try:
        yield
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise StorageFailed(
            f"the lake could not be written or read ({error})",
            where=str(path),
            remedy="make room or set the permissions right, and run again",
        ) from error
