"""Delivered files that are read a second time, into the load that they belong to."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import duckdb

from flows.ground.errors import InputError, SourceUnavailable
from flows.lake import Lake, LakeFile, LoadWriter
from flows.lake.store import storing
from flows.sources.files.folder import SourceFile, discover
from flows.sources.files.loading import outcome


def read_again(
    folder: Path, lake: Lake, number: int, paths: Collection[str], *, follow_links: bool = False
) -> list[str]:
    """Read the delivered files behind `paths`, data files of load `number`, again; gives those that were written.

    Only what is still in the folder as it was loaded: another content is another delivery. The caller holds the lock
    of the home.
    """
    load = lake.manifests.load(number)
    if len(load.files) != len(load.inputs):
        return []
    there: dict[str, SourceFile] = {}
    with suppress(InputError, SourceUnavailable):
        there = {os.fspath(file.path): file for file in discover(folder, follow_links=follow_links).files}
    files: dict[str, LakeFile] = {}
    scratch = lake.root / "tmp"
    with storing(str(scratch)):
        shutil.rmtree(scratch, ignore_errors=True)  # what was cut off left files of the same names
    with duckdb.connect() as connection:
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        for file, given in zip(load.files, load.inputs, strict=True):
            delivered = there.get(given.name)
            if file.path not in paths or delivered is None or _digest(delivered.path) != given.digest:
                continue
            scratch.mkdir(parents=True, exist_ok=True)
            writer = LoadWriter(lake.storage, lake.manifests, scratch, number, load.source, load.loaded_at)
            ordinal = int(Path(file.path).stem.rpartition("-")[2])
            if outcome(connection.cursor(), writer, ordinal, delivered).written:
                files[file.path] = writer.files[0]
            writer.abandon()
    lake.manifests.add(replace(load, files=tuple(files.get(file.path, file) for file in load.files)))
    return list(files)


def _digest(path: Path) -> str | None:
    """The SHA-256 of a file; None where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
