"""Damage: files of the lake that are gone, or are not what was written, and what is known of their rows.

A look at names, sizes and manifests costs little and is part of every run; contents are compared with their checksums
where they are read, and all of them by `agent-metrics lake verify`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

import contract
from flows.ground.errors import LakeDamaged
from flows.ground.sql import literal
from flows.lake.manifests import AT_ONCE, HOW_TO_MEND, PARTS, LakeFile, Manifest, Span
from flows.lake.store import Lake, storing

CHUNK = 1 << 20  # bytes
NAMED = 3  # files of which an error speaks; the command names all


@dataclass(frozen=True)
class Damage:
    """A file of the lake, `path`, and `what` is wrong with it.

    `loads` are those whose rows it has; `file` is what its manifest says of it, None of a manifest itself. `sources`
    are those of the loads, none where nobody knows.
    """

    path: str
    what: str
    loads: Span
    sources: tuple[str, ...]
    file: LakeFile | None = None

    def sentence(self) -> str:
        """The damage for people, with load, source, and the rows that are at stake."""
        loads = f"load {self.loads.first}" + ("" if self.loads.is_single else f" to {self.loads.last}")
        source = f" from {', '.join(self.sources)}" if self.sources else ""
        return f"{self.path} of {loads}{source} {self.what}{self.at_stake()}"

    def to_json_dict(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "what": self.what,
            "first_load": self.loads.first,
            "last_load": self.loads.last,
            "sources": list(self.sources),
            "table": self.file.table if self.file else None,
            "rows": self.file.rows if self.file else None,
            "first_at": self.file.first_at if self.file else None,
            "last_at": self.file.last_at if self.file else None,
        }

    def at_stake(self) -> str:
        """The rows that the file should hold, and the span of their event times, in brackets."""
        if self.file is None:
            return ""
        span = f", {self.file.first_at} to {self.file.last_at}" if self.file.first_at else ""
        return f" ({self.file.rows:,} rows of {self.file.table}{span})"


def glance(lake: Lake) -> list[Damage]:
    """What names, sizes and manifests show, without reading a data file."""
    found: list[Damage] = []
    with storing(lake.storage.url("data")):
        sizes = {
            f"data/{table}/{name}": size
            for table in (*contract.landing(), PARTS)
            for name, size in lake.storage.sizes(f"data/{table}").items()
        }
        spans = lake.manifests.spans()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            manifests = list(pool.map(lambda span: _manifest(lake, span), spans))
    last = 0
    for span, manifest in zip(spans, manifests, strict=True):
        if isinstance(manifest, Damage):
            found.append(manifest)
            last = span.last
            continue
        if not manifest.is_as_written:
            found.append(Damage(span.manifest, "was changed since it was written", span, manifest.sources))
        if manifest.previous > last:
            lost = Span(last + 1, manifest.previous)
            found.append(Damage(Span(lost.last, lost.last).manifest, "is gone", lost, ()))
        last = span.last
        for file in manifest.files:
            size = sizes.get(file.path)
            if size is None:
                found.append(Damage(file.path, "is gone", span, manifest.sources, file))
            elif file.size is not None and size != file.size:
                what = f"has {size:,} bytes of {file.size:,}"
                found.append(Damage(file.path, what, span, manifest.sources, file))
    return found


def _manifest(lake: Lake, span: Span) -> Manifest | Damage:
    try:
        return lake.manifests.of(span)
    except (LakeDamaged, UnicodeDecodeError):
        return Damage(span.manifest, "is not a whole manifest", span, ())


def examined(
    lake: Lake, after: int = 0, *, thoroughly: bool = True, advance: Callable[[], None] = lambda: None
) -> list[Damage]:
    """What a glance shows of loads greater than `after`, and what the contents of their files show.

    Contents are compared with their checksums where that is to be `thoroughly` and the checksums are known, else counts
    of rows with the files' footers. `advance` is called after each file.
    """
    found = [one for one in glance(lake) if one.loads.last > after]
    known = {one.path for one in found}
    files = [
        (span, manifest.sources, file)
        for span in lake.manifests.spans()
        if span.last > after and not isinstance(manifest := _manifest(lake, span), Damage)
        for file in manifest.files
        if file.path not in known
    ]
    with duckdb.connect() as connection, ThreadPoolExecutor() as pool:
        lake.connect(connection)

        def look(span: Span, sources: tuple[str, ...], file: LakeFile) -> Damage | None:
            is_altered = thoroughly and file.sha256 not in {None, digest(lake, file.path)}
            what = "is not what was written" if is_altered else _count(lake, connection.cursor(), file)
            advance()
            return Damage(file.path, what, span, sources, file) if what else None

        return [*found, *(one for one in pool.map(lambda one: look(*one), files) if one)]


def digest(lake: Lake, path: str) -> str:
    """The SHA-256 of a file's content."""
    sha256 = hashlib.sha256()
    with storing(lake.storage.url(path)), lake.storage.open(path) as opened:
        while chunk := opened.read(CHUNK):
            sha256.update(chunk)
    return sha256.hexdigest()


def _count(lake: Lake, cursor: duckdb.DuckDBPyConnection, file: LakeFile) -> str | None:
    """What is wrong with the number of rows in a file, if anything."""
    try:
        footer = f"SELECT num_rows FROM parquet_file_metadata({literal(lake.path(file))})"
        [(rows,)] = cursor.execute(footer).fetchall()
    except duckdb.Error:
        return "is not a whole Parquet file"
    return None if rows == file.rows else f"holds {rows:,} rows, and its manifest says {file.rows:,}"


def without_checksum(lake: Lake) -> int:
    """How many files have none, because an earlier version wrote them: whether they were altered is not known."""
    files = (file for span in lake.manifests.spans() for file in _files(lake, span))
    return sum(file.sha256 is None for file in files)


def _files(lake: Lake, span: Span) -> tuple[LakeFile, ...]:
    manifest = _manifest(lake, span)
    return () if isinstance(manifest, Damage) else manifest.files


def must_be_whole(lake: Lake, after: int) -> None:
    """Raises LakeDamaged where files that are about to be read, those of loads greater than `after`, are not whole.

    On an object store contents are not compared: that would fetch every file twice, and it keeps checksums of its own.
    """
    if found := examined(lake, after, thoroughly=lake.storage.is_near):
        raise damaged(found)


def damaged(found: Sequence[Damage]) -> LakeDamaged:
    """All of it in a sentence."""
    more = f"; and {len(found) - NAMED} more files" if len(found) > NAMED else ""
    return LakeDamaged("; ".join(one.sentence() for one in found[:NAMED]) + more, where="lake", remedy=HOW_TO_MEND)


@contextmanager
def reading(lake: Lake) -> Iterator[None]:
    """What DuckDB says of damaged files of the lake, as LakeDamaged; any other trouble stays what it is."""
    try:
        yield
    except duckdb.Error as error:
        if found := examined(lake, thoroughly=False):
            raise damaged(found) from error
        raise
