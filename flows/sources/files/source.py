"""The verb: new and changed files of a folder become one load of the lake."""

from __future__ import annotations

import gzip
import os
import zlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import duckdb

from contract import landing
from flows.ground.errors import InputError, StorageFailed
from flows.ground.progress import Progress
from flows.ground.sql import literal
from flows.lake import Input, Lake, LoadWriter
from flows.lake.landing import landed
from flows.lake.store import storing
from flows.sources.files import formats
from flows.sources.files.folder import Digests, SourceFile, discover, empty_warning, readable, reading
from flows.sources.files.formats import Rows
from flows.sources.pulled import PulledFiles

_EXAMPLES = 5
_CHUNK = 1024 * 1024


def pull(folder: Path, lake: Lake, progress: Progress) -> PulledFiles:
    """Load what is new in `folder`, as one load. The caller holds the lock of the home.

    Raises InputError (what the user has to put right; nothing is committed), SourceUnavailable (a file could not be
    read), StorageFailed (the lake could not be written).
    """
    found = discover(folder)
    _raise(found.mistakes)
    if not found.files:
        found.warnings.append(f"{readable(folder)}: holds no files of the contract's tables")
    with storing(lake.root):
        digests = Digests(lake.root / "fingerprints.json")
        loaded = lake.inputs("files")
    inputs = _inputs(found.files, digests)
    new = [file for file in found.files if loaded.get(inputs[file].name) != inputs[file].digest]
    summary = PulledFiles("files", None, files_unchanged=len(inputs) - len(new), warnings=found.warnings)
    if new:
        summary = _load(new, inputs, lake, progress, summary)
    with storing(lake.root):
        digests.save()
    return summary


def _inputs(files: list[SourceFile], digests: Digests) -> dict[SourceFile, Input]:
    inputs, mistakes = {}, []
    for file in files:
        try:
            inputs[file] = Input(os.fspath(file.path), digests.of(file.path))
        except InputError as error:
            mistakes.append((file.shown, error.what))
    _raise(mistakes)
    return inputs


def _load(
    new: list[SourceFile],
    inputs: dict[SourceFile, Input],
    lake: Lake,
    progress: Progress,
    summary: PulledFiles,
) -> PulledFiles:
    writer = lake.begin("files")
    progress.start("pull", total=sum(file.size for file in new))
    outcomes = _load_files(new, writer, progress)
    progress.finish()
    _raise([(file.shown, outcomes[file].mistake) for file in new if outcomes[file].mistake])
    warnings = [empty_warning(file.shown) for file in new if not outcomes[file].written]
    taken = [file for file in new if outcomes[file].written]
    if not taken:
        return replace(summary, warnings=summary.warnings + warnings)
    ignored: dict[str, set[str]] = {}
    rows: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for file in taken:
        ignored.setdefault(file.table, set()).update(outcomes[file].unknown)
    names = {table: sorted(columns) for table, columns in sorted(ignored.items()) if columns}
    load = writer.commit(tuple(inputs[file] for file in taken), names)
    for written in load.files:
        rows[written.table] += written.rows
        refused[written.table] += written.refused
    return replace(
        summary,
        load=load.number,
        files_loaded=len(taken),
        rows=dict(rows),
        refused=dict(+refused),
        refusals=[example for file in taken for example in outcomes[file].refusals][:_EXAMPLES],
        ignored_columns=names,
        warnings=summary.warnings + warnings,
    )


@dataclass(frozen=True)
class _Outcome:
    """What became of one file: written (with its ignored columns and some refusals), a mistake, or nothing in it."""

    written: bool = False
    unknown: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    mistake: str = ""


def _load_files(new: list[SourceFile], writer: LoadWriter, progress: Progress) -> dict[SourceFile, _Outcome]:
    """Several files at a time, the largest first: numbering the rows keeps each of them on one core."""
    outcomes: dict[SourceFile, _Outcome] = {}
    settings = {"memory_limit": "2GB", "temp_directory": os.fspath(writer.scratch)}
    with duckdb.connect(config={**settings}) as database, ThreadPoolExecutor(os.cpu_count()) as pool:
        database.execute("SET GLOBAL TimeZone = 'UTC'")
        cursors = {file: database.cursor() for file in new}
        tasks = {
            pool.submit(_outcome, cursors[file], writer, ordinal, file): file
            for ordinal, file in sorted(enumerate(new), key=lambda item: -item[1].size)
        }
        try:
            for task in as_completed(tasks):
                file = tasks[task]
                outcomes[file] = task.result()
                progress.advance(file.size, what=file.shown)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for cursor in cursors.values():
                cursor.interrupt()
            raise
    return outcomes


def _outcome(cursor: duckdb.DuckDBPyConnection, writer: LoadWriter, ordinal: int, file: SourceFile) -> _Outcome:
    try:
        return _load_file(cursor, writer, ordinal, file)
    except InputError as error:
        return _Outcome(mistake=error.what)


def _load_file(cursor: duckdb.DuckDBPyConnection, writer: LoadWriter, ordinal: int, file: SourceFile) -> _Outcome:
    table = landing()[file.table]
    kind = file.extension.removesuffix(".gz")
    path = writer.scratch / f"{ordinal:04}.{kind}"
    _stage(file, path)
    if path.stat().st_size == 0:
        return _Outcome()

    def write(rows: Rows) -> tuple[Rows, Path]:
        select = landed(table, rows.relation, rows.given, broken=rows.broken, payload=rows.payload, keep=("_position",))
        try:
            return rows, writer.write(cursor, table.name, ordinal, select)
        except StorageFailed:
            with reading(file.path), file.path.open("rb") as source:
                source.read(1)  # if it was the source that failed, say so
            raise

    match kind:
        case "jsonl":
            with storing(writer.scratch):
                rows = formats.jsonl(cursor, path, table)
            rows, written = write(rows)
        case "csv":
            names, line_end = formats.csv_header(next(_chunks(file), b""), table)
            try:
                rows, written = write(formats.csv_rows(path, table, names, line_end))
            except duckdb.InvalidInputException:
                with storing(writer.scratch):
                    rows = formats.mended_csv_rows(path, table, names)
                rows, written = write(rows)
        case _:
            rows = formats.parquet(cursor, path, table)
            try:
                rows, written = write(rows)
            except duckdb.Error as error:
                raise InputError("is not a whole Parquet file") from error
    for scratch in writer.scratch.glob(f"*{path.name}"):
        scratch.unlink()
    return _Outcome(True, rows.unknown, tuple(_examples(cursor, written, file)))


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
    """The content of a file, unpacked; raises InputError where it is not a whole gzip file."""
    packed = file.extension.endswith(".gz")
    with reading(file.path):
        try:
            with gzip.open(file.path) if packed else file.path.open("rb") as source:
                while chunk := source.read(_CHUNK):
                    yield chunk
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise InputError("is not a whole gzip file") from error


def _examples(cursor: duckdb.DuckDBPyConnection, written: Path, file: SourceFile) -> list[str]:
    refused = cursor.execute(
        f"SELECT _position, _refused FROM read_parquet({literal(os.fspath(written))}, hive_partitioning=false) "
        f"WHERE _refused IS NOT NULL ORDER BY _position LIMIT {_EXAMPLES}"
    ).fetchall()
    return [f"{file.table}: {file.shown}, row {position}: {reason}" for position, reason in refused]


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
