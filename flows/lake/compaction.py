"""Upkeep: many small files become few large ones, and what is read stays the same.

A compaction takes loads that follow each other, writes the rows of each table into one file, and then one manifest in
the place of theirs; that one write is the switch. Runs may go on beside it: they add loads after the ones it took, and
files that a run may still be reading are deleted only while no run is at work.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from flows.ground.errors import HomeBusy, LakeDamaged
from flows.ground.progress import Progress
from flows.ground.sql import literal
from flows.lake.damage import reading
from flows.lake.manifests import HOW_TO_MEND, LakeFile, Manifest, Span
from flows.lake.store import Lake, described_file, storing

LARGEST = 20_000_000  # rows; what holds more is large enough to be left alone
FILES_AT_ONCE = 500
PATIENCE = 30.0  # seconds to wait for a moment without a run


@dataclass(frozen=True)
class Compacted:
    """What a compaction did: manifests before and after, rows and files that it wrote, files that it deleted.

    `waiting` files are still to be deleted: a run was at work all the while.
    """

    loads: int
    manifests_before: int
    manifests_after: int
    rows_written: int
    files_written: int
    files_deleted: int
    waiting: int


def compact(
    lake: Lake, alone: Callable[[], AbstractContextManager[None]], memory_limit: str, progress: Progress
) -> Compacted:
    """Rewrite what is small, and delete what was rewritten. One at a time: the caller sees to that.

    `alone` is entered while nobody reads or writes the lake, or raises HomeBusy. Raises StorageFailed; whatever
    happened by then, the lake reads the same.
    """
    before = lake.manifests.spans()
    scratch = lake.root / "compacting"
    with storing(scratch):
        shutil.rmtree(scratch, ignore_errors=True)
        taken = _to_merge(lake, before)
        written = _merge(lake, taken, scratch, memory_limit, progress) if taken else (0, 0)
        shutil.rmtree(scratch, ignore_errors=True)
        deleted, waiting = _delete(lake, alone)
    return Compacted(
        loads=sum(span.last - span.first + 1 for span, _ in taken),
        manifests_before=len(before),
        manifests_after=len(lake.manifests.spans()),
        rows_written=written[0],
        files_written=written[1],
        files_deleted=deleted,
        waiting=waiting,
    )


def _to_merge(lake: Lake, spans: Sequence[Span]) -> list[tuple[Span, Sequence[LakeFile]]]:
    """The manifests to make one of, and their files: the newest, and older ones that hold no more rows than all after
    them. So a row is rewritten when as much again has come after it, not each time that something comes.
    """
    read: list[tuple[Span, Sequence[LakeFile]]] = []
    newer, taken = 0, 0
    for span in reversed(spans):
        files = lake.manifests.files_of(span)
        rows = sum(file.rows for file in files)
        if rows > LARGEST:
            break
        read.append((span, files))
        if rows <= newer or len(read) == 1:
            taken = len(read)
        newer += rows
    return read[:taken][::-1] if taken > 1 else []


def _merge(
    lake: Lake,
    taken: Sequence[tuple[Span, Sequence[LakeFile]]],
    scratch: Path,
    memory_limit: str,
    progress: Progress,
) -> tuple[int, int]:
    """Write the rows of all files anew, then the manifest; gives rows and files written."""
    merged = Span(taken[0][0].first, taken[-1][0].last)
    scratch.mkdir(parents=True)
    by_table: dict[str, list[LakeFile]] = {}
    inputs: dict[str, dict[str, str]] = {}
    identities: dict[int, str] = {}
    for span, files in taken:
        for file in files:
            by_table.setdefault(file.table, []).append(file)
        identities |= lake.manifests.of(span).identities
        for source, digests in lake.manifests.inputs_of(span).items():
            inputs.setdefault(source, {}).update(digests)
    written = []
    progress.start("compact", len(by_table))
    settings = {"memory_limit": memory_limit, "temp_directory": str(scratch / "spill")}
    with duckdb.connect(config={**settings}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        lake.connect(connection)
        for table, files in sorted(by_table.items()):
            local = scratch / f"{table}.parquet"
            with reading(lake):
                _write(connection, [lake.path(file) for file in files], local)
            one = described_file(connection, table, merged.data(table), local)
            if (one.rows, one.refused) != (sum(file.rows for file in files), sum(file.refused for file in files)):
                what = f"files of {table} do not hold the rows that their manifests say"
                raise LakeDamaged(what, where=lake.storage.url(f"data/{table}"), remedy=HOW_TO_MEND)
            lake.storage.put(local, merged.data(table))
            written.append(one)
            progress.advance(1, table)
    progress.finish()
    previous = lake.manifests.of(taken[0][0]).previous
    manifest = Manifest(tuple(written), tuple(sorted(inputs)), previous, identities, is_as_written=True)
    lake.manifests.replace(merged, manifest, inputs)
    return sum(file.rows for file in written), len(written)


def _write(connection: duckdb.DuckDBPyConnection, paths: Sequence[str], target: Path) -> None:
    """The rows of all files in their order, as one file.

    Many files are taken some at a time: each takes memory.
    """
    parts = [paths[start : start + FILES_AT_ONCE] for start in range(0, len(paths), FILES_AT_ONCE)]
    files = [target] if len(parts) == 1 else [target.with_suffix(f".{number}") for number in range(len(parts))]
    for part, file in zip(parts, files, strict=True):
        _copy(connection, part, file)
    if len(parts) > 1:
        _copy(connection, [str(file) for file in files], target)
        for file in files:
            file.unlink()


def _copy(connection: duckdb.DuckDBPyConnection, paths: Sequence[str], target: Path) -> None:
    files = ", ".join(map(literal, paths))
    connection.execute(
        f"COPY (SELECT * FROM read_parquet([{files}], union_by_name = true, hive_partitioning = false)) "
        f"TO {literal(str(target))} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
    )


def _delete(lake: Lake, alone: Callable[[], AbstractContextManager[None]]) -> tuple[int, int]:
    """Delete what greater manifests speak for, while nobody can be reading it; gives files deleted and files left."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with alone():
                return _delete_now(lake), 0
        except HomeBusy:
            if time.monotonic() > until:
                return 0, len(_garbage(lake))
            time.sleep(0.5)


def _garbage(lake: Lake) -> list[str]:
    """Data files first: a manifest that is left says again what to delete."""
    counting = set(lake.manifests.spans())
    files = [path for path, first, last in lake.manifests.data_files() if Span(first, last) not in counting]
    covered = [span for span in lake.manifests.all_spans() if span not in counting]
    return [
        *files,
        *(path for span in covered for path in ([span.manifest] if span.is_single else [span.manifest, span.inputs])),
    ]


def _delete_now(lake: Lake) -> int:
    garbage = _garbage(lake)
    for path in garbage:
        lake.storage.remove(path)
    return len(garbage)
