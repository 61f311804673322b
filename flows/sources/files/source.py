"""The verb: new and changed files of a folder become one load of the lake."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from itertools import islice
from pathlib import Path

import duckdb

from flows.ground.errors import InputError
from flows.ground.memory import half_of_the_memory
from flows.ground.progress import Progress
from flows.lake import Input, Lake, LoadWriter
from flows.lake.store import storing
from flows.sources.files.digests import Digests, readable
from flows.sources.files.folder import SourceFile, discover, empty_warning
from flows.sources.files.loading import EXAMPLES, Outcome, outcome
from flows.sources.pulled import PulledFiles


def pull(
    folder: Path, lake: Lake, progress: Progress, *, follow_links: bool = False, memory_limit: str = ""
) -> PulledFiles:
    """Load what is new in `folder`, as one load. The caller holds the lock of the home.

    `follow_links`: links that lead out of the folder are read, too. `memory_limit`: as DuckDB spells it, by default
    half of the memory.

    Raises InputError (what the user has to put right; nothing is committed), SourceUnavailable (a file could not be
    read), StorageFailed (the lake could not be written).
    """
    found = discover(folder, follow_links=follow_links)
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
        summary = _load(new, inputs, lake, progress, summary, memory_limit=memory_limit or half_of_the_memory())
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
    *,
    memory_limit: str,
) -> PulledFiles:
    writer = lake.begin("files")
    progress.start("pull", total=sum(file.size for file in new))
    try:
        outcomes, doubts = _load_files(new, writer, progress, memory_limit)
        progress.finish()
        _raise([(file.shown, outcomes[file].mistake) for file in new if outcomes[file].mistake])
    except BaseException:
        writer.abandon()
        raise
    warnings = [empty_warning(file.shown) for file in new if not outcomes[file].written]
    taken = [file for file in new if outcomes[file].written]
    if not taken:
        writer.abandon()
        return replace(summary, warnings=summary.warnings + warnings)
    ignored: dict[str, set[str]] = {}
    rows: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for file in taken:
        ignored.setdefault(file.table, set()).update(outcomes[file].unknown)
    names = {table: sorted(columns) for table, columns in sorted(ignored.items()) if columns}
    warnings += _of_near_misses(taken, outcomes) + doubts
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
        refusals=[example for file in taken for example in outcomes[file].refusals][:EXAMPLES],
        ignored_columns=names,
        warnings=summary.warnings + warnings,
    )


def _of_near_misses(taken: list[SourceFile], outcomes: dict[SourceFile, Outcome]) -> list[str]:
    """One sentence for each ignored column that looks like a column of the contract, however many files have it."""
    first: dict[tuple[str, str, str], str] = {}
    for file in taken:
        for name, column in outcomes[file].near:
            first.setdefault((file.table, name, column), file.shown)
    return [
        f"{shown}: the column {name} is ignored; did you mean {column}?" for (_, name, column), shown in first.items()
    ]


def _load_files(
    new: list[SourceFile], writer: LoadWriter, progress: Progress, memory_limit: str
) -> tuple[dict[SourceFile, Outcome], list[str]]:
    """Several files at a time, the largest first: numbering the rows keeps each of them on one core.

    Beside what became of each there are warnings that concern all of them.
    """
    outcomes: dict[SourceFile, Outcome] = {}
    settings = {"memory_limit": memory_limit, "temp_directory": os.fspath(writer.scratch)}
    with duckdb.connect(config={**settings}) as database, ThreadPoolExecutor(os.cpu_count()) as pool:
        database.execute("SET GLOBAL TimeZone = 'UTC'")
        cursors = {file: database.cursor() for file in new}
        tasks = {
            pool.submit(outcome, cursors[file], writer, ordinal, file): file
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
        return outcomes, writer.warnings(database)


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
