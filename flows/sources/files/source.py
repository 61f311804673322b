"""The verb: new and changed files of a folder become one load of the lake."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import duckdb

from contract import landing
from flows.errors import InputError, StorageFailed
from flows.lake import Input, Lake, LakeFile, LoadWriter
from flows.lake.landing import landed, literal
from flows.lake.store import storing
from flows.progress import Progress
from flows.sources.files import formats
from flows.sources.files.folder import Digests, SourceFile, discover, empty_warning, readable, reading

_EXAMPLES = 5
_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class PullSummary:
    """What a pull did; `load` is None where nothing was new. `refusals` are a few examples, as sentences."""

    source: str
    load: int | None
    files_loaded: int = 0
    files_unchanged: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)
    ignored_columns: dict[str, list[str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def pull(folder: Path, lake: Lake, progress: Progress) -> PullSummary:
    """Load what is new in `folder`, as one load. The caller holds the lock of the home.

    Raises InputError (what the user has to put right; nothing is committed), SourceUnavailable (a file could not be
    read), StorageFailed (the lake could not be written).
    """
    found = discover(folder)
    _raise(found.mistakes)
    digests = Digests(lake.root / "fingerprints.json")
    loaded = {given.name: given.digest for load in lake.loads() if load.source == "files" for given in load.inputs}
    inputs = {file: Input(str(file.path), digests.of(file.path)) for file in found.files}
    new = [file for file in found.files if loaded.get(inputs[file].name) != inputs[file].digest]
    if not found.files:
        found.warnings.append(f"{readable(folder)}: holds no files of the contract's tables")
    unchanged = len(found.files) - len(new)
    if new:
        return _load(new, inputs, lake, progress, unchanged, found.warnings, digests)
    with storing(lake.root):
        digests.save()
    return PullSummary("files", None, files_unchanged=unchanged, warnings=found.warnings)


def _load(
    new: list[SourceFile],
    inputs: dict[SourceFile, Input],
    lake: Lake,
    progress: Progress,
    unchanged: int,
    warnings: list[str],
    digests: Digests,
) -> PullSummary:
    writer = lake.begin("files")
    mistakes: list[tuple[str, str]] = []
    unknown: dict[str, set[str]] = {}
    refusals: list[str] = []
    taken: list[Input] = []
    progress.start("pull", total=sum(file.size for file in new))
    with duckdb.connect(config={"memory_limit": "2GB", "temp_directory": str(writer.scratch)}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for ordinal, file in enumerate(new):
            progress.advance(0, what=file.shown)
            try:
                rows = _load_file(connection, writer, ordinal, file)
            except InputError as error:
                mistakes.append((file.shown, error.what))
            else:
                if rows is None:
                    warnings.append(empty_warning(file.shown))
                    continue
                taken.append(inputs[file])
                unknown.setdefault(file.table, set()).update(rows.unknown)
                refusals += _examples(connection, lake, writer.files[-1], file.shown, _EXAMPLES - len(refusals))
            progress.advance(file.size, what=file.shown)
    progress.finish()
    _raise(mistakes)
    ignored = {table: sorted(names) for table, names in sorted(unknown.items()) if names}
    load = writer.commit(tuple(taken), ignored) if taken else None
    with storing(lake.root):
        digests.save()
    counts: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for written in writer.files:
        counts[written.table] += written.rows
        refused[written.table] += written.refused
    return PullSummary(
        "files",
        load.number if load else None,
        files_loaded=len(taken),
        files_unchanged=unchanged,
        rows=dict(counts),
        refused=dict(+refused),
        refusals=refusals,
        ignored_columns=ignored,
        warnings=warnings,
    )


def _load_file(
    connection: duckdb.DuckDBPyConnection, writer: LoadWriter, ordinal: int, file: SourceFile
) -> formats.Rows | None:
    """Write one file into the lake; None where it holds nothing at all."""
    table = landing()[file.table]
    kind = file.extension.removesuffix(".gz")
    path = writer.scratch / f"{ordinal:04}.{kind}"
    _stage(file, path)
    if path.stat().st_size == 0:
        return None

    def write(rows: formats.Rows) -> formats.Rows:
        select = landed(table, rows.relation, rows.given, broken=rows.broken, payload=rows.payload, keep=("_position",))
        try:
            writer.write(connection, table.name, ordinal, select)
        except StorageFailed:
            with reading(file.path), file.path.open("rb") as source:
                source.read(1)  # if it was the source that failed, say so
            raise
        return rows

    if kind == "jsonl":
        with storing(writer.scratch):
            rows = formats.jsonl(connection, path, table)
        rows = write(rows)
    elif kind == "parquet":
        rows = formats.parquet(connection, path, table)
        try:
            write(rows)
        except duckdb.Error as error:
            raise InputError("is no whole Parquet file") from error
    else:
        names = formats.csv_header(next(_chunks(file), b""), table)
        try:
            rows = write(formats.csv_rows(path, table, names))
        except duckdb.InvalidInputException:
            with storing(writer.scratch):
                rows = formats.mended_csv_rows(path, table, names)
            write(rows)
    for scratch in writer.scratch.glob(f"*{path.name}"):
        scratch.unlink()
    return rows


def _stage(file: SourceFile, path: Path) -> None:
    """Put the file under a name of our own: unpacked, or as a link."""
    with storing(path):
        if not file.extension.endswith(".gz"):
            path.symlink_to(file.path)
            return
        with path.open("wb") as output:
            for chunk in _chunks(file):
                output.write(chunk)


def _chunks(file: SourceFile) -> Iterator[bytes]:
    """The content of a file, unpacked; raises InputError where it is no whole gzip file."""
    packed = file.extension.endswith(".gz")
    with reading(file.path):
        try:
            with gzip.open(file.path) if packed else file.path.open("rb") as source:
                while chunk := source.read(_CHUNK):
                    yield chunk
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise InputError("is no whole gzip file") from error


def _examples(
    connection: duckdb.DuckDBPyConnection, lake: Lake, written: LakeFile, shown: str, limit: int
) -> list[str]:
    if not written.refused or limit <= 0:
        return []
    path = literal(str(lake.path(written)))
    refused = connection.execute(
        f"SELECT _position, _refused FROM read_parquet({path}, hive_partitioning=false) WHERE _refused IS NOT NULL LIMIT {limit}"
    ).fetchall()
    return [f"{written.table}: {shown}, row {position}: {reason}" for position, reason in refused]


def _raise(mistakes: list[tuple[str, str]]) -> None:
    """One sentence for all files that the user has to put right."""
    if not mistakes:
        return
    shown = "; ".join(f"{file} {what}" for file, what in islice(mistakes, 4))
    more = f"; and {len(mistakes) - 4} more" if len(mistakes) > 4 else ""
    raise InputError(
        f"{shown}{more}",
        remedy="put this right (or move the file out of the folder) and pull again; nothing was loaded",
    )
