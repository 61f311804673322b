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
from flows.errors import StorageFailed
from flows.lake.place import Place

TRIES = 3
AT_ONCE = 16
SINGLE = re.compile(r"(\d{10})\.json")
RANGE = re.compile(r"(\d{10})-(\d{10})\.json")
DATA = re.compile(r"(\d{10})-(?:\d{4,9}|(\d{10}))\.parquet")


@dataclass(frozen=True)
class LakeFile:
    """Rows of one load in a Parquet file, which may hold those of others; `path` is relative to the lake, with slashes.

    `refused` of its `rows` are refused.
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

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files)


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
        """Beside the manifest of a range, so that nobody has to read the whole of it for them."""
        return self.manifest.replace("compacted/", "compacted/inputs-")

    def data(self, table: str) -> str:
        """The file of a range with its rows of `table`."""
        return f"data/{table}/{self.first:010}-{self.last:010}.parquet"

    def covers(self, other: Span) -> bool:
        return self != other and self.first <= other.first and other.last <= self.last


class Manifests:
    """The manifests at a place."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def singles(self) -> list[int]:
        """Numbers of the loads that have a manifest of their own, also where a range speaks for them by now."""
        return [int(found[1]) for name in self._place.names("loads") if (found := SINGLE.fullmatch(name))]

    def all_spans(self) -> list[Span]:
        """Every manifest, in order, also those for which a greater one speaks."""
        # Single ones first: a compaction removes them only after the range is there to be found.
        spans = [Span(number, number) for number in self.singles()]
        ranges = (RANGE.fullmatch(name) for name in self._place.names("compacted"))
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

    def loads(self, after: int = 0) -> list[Load]:
        for _ in range(TRIES):
            spans = [span for span in self.spans() if span.last > after]
            try:
                with ThreadPoolExecutor(AT_ONCE) as pool:  # an object store answers each of them after a while
                    return [load for loads in pool.map(self.read, spans) for load in loads if load.number > after]
            except FileNotFoundError as error:  # a compaction has just replaced it
                missing = error
        raise missing

    def inputs(self, source: str) -> dict[str, str]:
        """The last digest of every name from which `source` was loaded."""
        digests: dict[str, str] = {}
        for span in self.spans():
            if span.is_single:
                [load] = self.read(span)
                digests |= inputs_by_source([load]).get(source, {})
            else:
                digests |= self._document(span.inputs).get(source, {})
        return digests

    def read(self, span: Span) -> list[Load]:
        """The loads of a manifest, in order."""
        document = self._document(span.manifest)
        if span.is_single:
            return [
                Load(
                    number=span.first,
                    source=document["source"],
                    loaded_at=datetime.fromisoformat(document["loaded_at"]),
                    files=tuple(LakeFile(**file) for file in document["files"]),
                    inputs=tuple(Input(**given) for given in document["inputs"]),
                    ignored_columns=document["ignored_columns"],
                )
            ]
        return [
            Load(
                number=number,
                source=source,
                loaded_at=datetime.fromisoformat(loaded_at),
                files=tuple(LakeFile(table, span.data(table), rows, refused) for table, rows, refused in files),
                inputs=(),
                ignored_columns=ignored,
            )
            for number, source, loaded_at, files, ignored in document["loads"]
        ]

    def add(self, load: Load) -> None:
        """Write the manifest of a new load: from then on it exists."""
        document = {**asdict(load), "loaded_at": load.loaded_at.isoformat()}
        self._place.write(Span(load.number, load.number).manifest, json.dumps(document, indent=1))

    def replace(self, span: Span, loads: Sequence[Load], inputs: dict[str, dict[str, str]]) -> None:
        """Write the manifest of a range, whose files are there: from then on it speaks for its loads."""
        self._place.write(span.inputs, json.dumps(inputs))
        listed = [
            [
                load.number,
                load.source,
                load.loaded_at.isoformat(),
                [
                    [
                        table,
                        sum(file.rows for file in load.files if file.table == table),
                        sum(file.refused for file in load.files if file.table == table),
                    ]
                    for table in sorted({file.table for file in load.files})
                ],
                load.ignored_columns,
            ]
            for load in loads
        ]
        self._place.write(span.manifest, json.dumps({"loads": listed}))

    def inputs_of(self, span: Span, loads: Sequence[Load]) -> dict[str, dict[str, str]]:
        """By source, the last digest of every name from which the loads of `span` came."""
        return inputs_by_source(loads) if span.is_single else self._document(span.inputs)

    def data_files(self) -> Iterator[tuple[str, int, int]]:
        """Every data file: its path, and the first and the last load of which it has rows."""
        for table in contract.landing():
            for name in self._place.names(f"data/{table}"):
                if found := DATA.fullmatch(name):
                    yield f"data/{table}/{name}", int(found[1]), int(found[2] or found[1])

    def _document(self, path: str) -> dict[str, Any]:
        text = self._place.read(path)
        try:
            document: dict[str, Any] = json.loads(text)
        except ValueError as error:
            where, remedy = self._place.url(path), "restore it from a backup"
            raise StorageFailed("is no whole manifest", where=where, remedy=remedy) from error
        return document


def inputs_by_source(loads: Sequence[Load]) -> dict[str, dict[str, str]]:
    digests: dict[str, dict[str, str]] = {}
    for load in loads:
        digests.setdefault(load.source, {}).update({given.name: given.digest for given in load.inputs})
    return digests
