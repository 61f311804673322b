"""One delivered file becomes one file of the load, row by row, and no row is lost on the way."""

from __future__ import annotations

import gzip
import os
import shutil
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from contract import Table, landing
from flows.ground.errors import InputError, StorageFailed
from flows.ground.sql import literal
from flows.lake import LoadWriter
from flows.lake.landing import landed
from flows.lake.store import storing
from flows.sources.files import counting, formats, repair
from flows.sources.files.delivered import as_utf_8, refuse_other_kinds
from flows.sources.files.digests import reading
from flows.sources.files.folder import SourceFile
from flows.sources.files.formats import Rows
from flows.sources.files.headers import csv_header, near_misses, refuse_columns_of_folders, without_separator_line

EXAMPLES = 5
_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Outcome:
    """What became of one file: written (with its ignored columns and some refusals), a mistake, or nothing in it.

    `near` has names of ignored columns, each with the column of the contract that it may stand for.
    """

    written: bool = False
    unknown: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    near: tuple[tuple[str, str], ...] = ()
    mistake: str = ""


@dataclass(frozen=True)
class Written:
    """What stands in the lake of a file: `count` rows at `path`, read by `rows`."""

    rows: Rows
    path: Path
    count: int


def outcome(cursor: duckdb.DuckDBPyConnection, writer: LoadWriter, ordinal: int, file: SourceFile) -> Outcome:
    """Load `file` as the load's file `ordinal`; what the user has to put right is in the outcome."""
    try:
        return _load_file(cursor, writer, ordinal, file)
    except InputError as error:
        return Outcome(mistake=error.what)
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        return Outcome(mistake=f"could not be read ({str(error).partition(chr(10))[0]})")


def _load_file(cursor: duckdb.DuckDBPyConnection, writer: LoadWriter, ordinal: int, file: SourceFile) -> Outcome:
    table = landing()[file.table]
    kind = file.extension.removesuffix(".gz")
    path = writer.scratch / f"{ordinal:04}.{kind}"
    _stage(file, path)
    if path.stat().st_size == 0:
        return Outcome()

    def write(rows: Rows) -> Written:
        select = landed(table, rows.relation, rows.given, broken=rows.broken, payload=rows.payload, keep=("_position",))
        try:
            written = writer.write(cursor, table.name, ordinal, select)
        except StorageFailed:
            with reading(file.path), file.path.open("rb") as source:
                source.read(1)  # if it was the source that failed, say so
            raise
        count = f"SELECT count(*) FROM read_parquet({literal(os.fspath(written))}, hive_partitioning=false)"
        return Written(rows, written, cursor.execute(count).fetchall()[0][0])

    with storing(writer.scratch):
        refuse_other_kinds(path, kind)
    match kind:
        case "jsonl":
            written = _load_jsonl(cursor, path, table, file.partition, write)
        case "csv":
            written = _load_csv(path, table, file.partition, write)
        case _:
            rows, count = formats.parquet(cursor, path, table, file.partition)
            try:
                written = _compared(write(rows), count)
            except duckdb.Error as error:
                raise InputError("is not a whole Parquet file") from error
    for scratch in writer.scratch.glob(f"*{path.name}"):
        scratch.unlink()
    unknown = written.rows.unknown
    near = tuple(near_misses([*unknown, *written.rows.given], table))
    return Outcome(True, unknown, tuple(_examples(cursor, written.path, file)), near)


def _load_jsonl(
    cursor: duckdb.DuckDBPyConnection,
    path: Path,
    table: Table,
    partition: tuple[str, ...],
    write: Callable[[Rows], Written],
) -> Written:
    with storing(path):
        path = repair.without_bom(as_utf_8(path))
        count, longest = counting.jsonl_rows(path)
        rows = formats.jsonl(cursor, path, table, longest)
    refuse_columns_of_folders(rows.given, table, partition)
    written = write(rows)
    if written.count != count:
        with storing(path):
            rows = formats.jsonl(cursor, path, table, longest, whole=False)
        written = write(rows)
    return _compared(written, count)


def _load_csv(path: Path, table: Table, partition: tuple[str, ...], write: Callable[[Rows], Written]) -> Written:
    with storing(path):
        path = without_separator_line(as_utf_8(path))
        names, line_end = csv_header(path, table, partition)
    rows = formats.csv_rows(path, table, names, line_end)
    try:
        written = write(rows)
        if written.count in counting.csv_rows(path):
            return written
    except (duckdb.InvalidInputException, duckdb.NotImplementedException):  # damaged rows, very long rows
        pass
    with storing(path):
        rows, count = formats.mended_csv_rows(path, table, names, line_end)
    return _compared(write(rows), count)


def _compared(written: Written, delivered: int) -> Written:
    """A row that is in the file and not in the lake would be missing from every figure without a word."""
    if written.count != delivered:
        raise InputError(f"has {delivered} rows, of which {written.count} were read")
    return written


def _stage(file: SourceFile, path: Path) -> None:
    """Put the file under a name of our own: unpacked, or as a link.

    What is unpacked may take half of the free disk: a few kilobytes can unpack to more than any disk has.
    """
    with storing(path):
        if not file.extension.endswith(".gz"):
            path.symlink_to(file.path)
            return
        with path.open("wb") as output:
            for chunk in _chunks(file):
                if output.tell() > shutil.disk_usage(path.parent).free:
                    raise InputError(f"unpacks to more than {output.tell():,} bytes, more than the disk has free")
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
        f"WHERE _refused IS NOT NULL ORDER BY _position LIMIT {EXAMPLES}"
    ).fetchall()
    return [f"{file.table}: {file.shown}, row {position}: {reason}" for position, reason in refused]
