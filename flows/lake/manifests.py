"""Manifests: which loads there are, and in which files.

A single load has `loads/<number>.json`. A compaction replaces those of many loads by one,
`compacted/<first>-<last>.json`, with what they were loaded from beside it; from the moment that it is there the single
ones mean nothing any more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import contract
from flows.ground.errors import StorageFailed
from flows.lake.storage import Storage

TRIES = 3
AT_ONCE = 16
SINGLE = re.compile(r"(\d{10})\.json")
RANGE = re.compile(r"(\d{10})-(\d{10})\.json")
PARTS = "parts"  # what sources know of things that several of their answers speak of; builds do not read it
DATA = re.compile(r"(\d{10})-(?:\d{4,9}|(\d{10}))\.parquet")


@dataclass(frozen=True)
class LakeFile:
    """A Parquet file with rows of one table; `path` is relative to the lake, with slashes.

    `refused` of its `rows` are refused. Its rows say of which load they are.
    """

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


@dataclass(frozen=True, order=True)
class Span:
    """The loads `first` to `last` that one manifest speaks for; of a single load they are the same."""

    first: int
    last: int

    @property
    def is_single(self) -> bool:
        return self.first == self.last

    @property
    def manifest(self) -> str:
        return f"loads/{self.first:010}.json" if self.is_single else f"compacted/{self.first:010}-{self.last:010}.json"

    @property
    def inputs(self) -> str:
        """Of a range beside its manifest: names are many, and builds do not ask for them."""
        return self.manifest.replace("compacted/", "compacted/inputs-")

    def data(self, table: str) -> str:
        """The file of a range with its rows of `table`."""
        return f"data/{table}/{self.first:010}-{self.last:010}.parquet"

    def covers(self, other: Span) -> bool:
        return self != other and self.first <= other.first and other.last <= self.last


class Manifests:
    """The manifests of a storage."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def singles(self) -> list[int]:
        """Numbers of the loads that have a manifest of their own, also where a range speaks for them by now."""
        return [int(found[1]) for name in self._storage.names("loads") if (found := SINGLE.fullmatch(name))]

    def all_spans(self) -> list[Span]:
        """Every manifest, in order, also those for which a greater one speaks."""
        # Single ones first: a compaction removes them only after the range is there to be found.
        spans = [Span(number, number) for number in self.singles()]
        ranges = (RANGE.fullmatch(name) for name in self._storage.names("compacted"))
        return sorted([*spans, *(Span(int(one[1]), int(one[2])) for one in ranges if one)])

    def spans(self) -> list[Span]:
        """The manifests that count, in order: those that no other one covers."""
        counting: list[Span] = []
        for span in sorted(self.all_spans(), key=lambda one: (one.first, -one.last)):
            if not (counting and counting[-1].covers(span)):
                counting.append(span)
        return counting

    def newest(self) -> int:
        return max((span.last for span in self.spans()), default=0)

    def files(self, after: int = 0) -> list[LakeFile]:
        """The files with rows of loads greater than `after`, in order; one may have rows of earlier loads as well."""
        for _ in range(TRIES):
            spans = [span for span in self.spans() if span.last > after]
            try:
                with ThreadPoolExecutor(AT_ONCE) as pool:  # an object store answers each of them after a while
                    return [file for files in pool.map(self.files_of, spans) for file in files]
            except FileNotFoundError as error:  # a compaction has just replaced it
                missing = error
        raise missing

    def inputs(self, source: str) -> dict[str, str]:
        """The last digest of every name from which `source` was loaded."""
        digests: dict[str, str] = {}
        for span in self.spans():
            digests |= self.inputs_of(span).get(source, {})
        return digests

    def files_of(self, span: Span) -> tuple[LakeFile, ...]:
        """The files of a manifest, in order."""
        return tuple(LakeFile(**file) for file in self._document(span.manifest)["files"])

    def inputs_of(self, span: Span) -> dict[str, dict[str, str]]:
        """By source, the last digest of every name from which the loads of a manifest came."""
        document = self._document(span.inputs)
        if span.is_single:
            return {document["source"]: {given["name"]: given["digest"] for given in document["inputs"]}}
        return document

    def add(self, load: Load) -> None:
        """Write the manifest of a new load: from then on it exists."""
        document = {**asdict(load), "loaded_at": load.loaded_at.isoformat()}
        self._storage.write(Span(load.number, load.number).manifest, json.dumps(document, indent=1))

    def replace(self, span: Span, files: Sequence[LakeFile], inputs: dict[str, dict[str, str]]) -> None:
        """Write the manifest of a range, whose files are there: from then on it speaks for its loads."""
        self._storage.write(span.inputs, json.dumps(inputs))
        self._storage.write(span.manifest, json.dumps({"files": [asdict(file) for file in files]}, indent=1))

    def data_files(self) -> Iterator[tuple[str, int, int]]:
        """Every data file: its path, and the first and the last load of which it has rows."""
        for table in (*contract.landing(), PARTS):
            for name in self._storage.names(f"data/{table}"):
                if found := DATA.fullmatch(name):
                    yield f"data/{table}/{name}", int(found[1]), int(found[2] or found[1])

    def _document(self, path: str) -> dict[str, Any]:
        text = self._storage.read(path)
        try:
            document: dict[str, Any] = json.loads(text)
        except ValueError as error:
            where, remedy = self._storage.url(path), "restore it from a backup"
            raise StorageFailed("is not a whole manifest", where=where, remedy=remedy) from error
        return document
