"""Manifests: which loads there are, and in which files.

A single load has `loads/<number>.json`. A compaction replaces those of many loads by one,
`compacted/<first>-<last>.json`, with what they were loaded from beside it; from the moment that it is there the single
ones mean nothing any more.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import contract
from flows.ground.errors import LakeDamaged
from flows.lake.storage import Storage

TRIES = 3
HOW_TO_MEND = "run `agent-metrics lake repair`, or restore the lake from a backup"
AT_ONCE = 16
SINGLE = re.compile(r"(\d{10})\.json")
RANGE = re.compile(r"(\d{10})-(\d{10})\.json")
PARTS = "parts"  # what sources know of things that several of their answers speak of; builds do not read it
DATA = re.compile(r"(\d{10})-(?:\d{4,9}|(\d{10}))\.parquet")


@dataclass(frozen=True)
class LakeFile:
    """A Parquet file with rows of one table; `path` is relative to the lake, with slashes.

    `refused` of its `rows` are refused. Its rows say of which load they are. `size` (bytes) and `sha256` are those of
    the file as it was written, `first_at` and `last_at` (ISO text, UTC) the span of its event times; None is unknown:
    an earlier version wrote the file, or the table has no event time.
    """

    table: str
    path: str
    rows: int
    refused: int
    size: int | None = None
    sha256: str | None = None
    first_at: str | None = None
    last_at: str | None = None


@dataclass(frozen=True)
class Input:
    """What a load consumed: a name that stays the same from load to load, and a digest of its content."""

    name: str
    digest: str


@dataclass(frozen=True)
class Load:
    """A committed load; `loaded_at` is UTC; `ignored_columns` are those the contract does not know, by table.

    `previous` is the number of the load before it, 0 of the first: where that load is not there, it is lost.
    """

    number: int
    source: str
    loaded_at: datetime
    files: tuple[LakeFile, ...]
    inputs: tuple[Input, ...]
    ignored_columns: dict[str, list[str]]
    previous: int


@dataclass(frozen=True)
class Manifest:
    """What a manifest says, and of each of its loads the identity: a digest of its manifest.

    Empty is an identity that is not known, as an earlier version wrote the manifest. `is_as_written` is False where
    somebody has changed the manifest.
    """

    files: tuple[LakeFile, ...]
    sources: tuple[str, ...]
    previous: int
    identities: dict[int, str]
    is_as_written: bool


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
        """The last digest of every name from which `source` was loaded; a name with an empty digest was forgotten."""
        digests: dict[str, str] = {}
        for span in self.spans():
            digests |= self.inputs_of(span).get(source, {})
        return {name: digest for name, digest in digests.items() if digest}

    def identity(self, number: int) -> str | None:
        """The identity of a load, empty where it is not known; None where the lake has no load of this number."""
        for span in self.spans():
            if span.first <= number <= span.last:
                return self.of(span).identities.get(number)
        return None

    def files_of(self, span: Span) -> tuple[LakeFile, ...]:
        """The files of a manifest, in order."""
        return self.of(span).files

    def of(self, span: Span) -> Manifest:
        """What a manifest says. Raises LakeDamaged where it cannot be read as a manifest."""
        document = self._document(span.manifest)
        try:
            files = tuple(LakeFile(**file) for file in document["files"])
            previous = int(document.get("previous", span.first - 1))
            sources = (document["source"],) if span.is_single else tuple(document.get("sources", ()))
            digest = str(document.get("digest", ""))
            if span.is_single:
                identities = {span.first: digest}
            else:
                unknown = {str(number): "" for number in range(span.first, span.last + 1)}
                identities = {int(one): str(id_) for one, id_ in document.get("identities", unknown).items()}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise not_a_manifest(self._storage.url(span.manifest)) from error
        return Manifest(files, sources, previous, identities, digest in {"", _digest(document)})

    def inputs_of(self, span: Span) -> dict[str, dict[str, str]]:
        """By source, the last digest of every name from which the loads of a manifest came."""
        document = self._document(span.inputs)
        if span.is_single:
            return {document["source"]: {given["name"]: given["digest"] for given in document["inputs"]}}
        return document

    def load(self, number: int) -> Load:
        """A load that has a manifest of its own."""
        said = self._document(Span(number, number).manifest)
        return Load(
            number,
            said["source"],
            datetime.fromisoformat(said["loaded_at"]),
            tuple(LakeFile(**file) for file in said["files"]),
            tuple(Input(**given) for given in said["inputs"]),
            said["ignored_columns"],
            int(said.get("previous", number - 1)),
        )

    def add(self, load: Load) -> None:
        """Write the manifest of a load: from then on it exists."""
        self._write(Span(load.number, load.number), {**asdict(load), "loaded_at": load.loaded_at.isoformat()})

    def replace(self, span: Span, merged: Manifest, inputs: dict[str, dict[str, str]]) -> None:
        """Write the manifest of a range, whose files are there: from then on it speaks for its loads."""
        self._storage.write(span.inputs, json.dumps(inputs))
        self.change(span, merged)

    def change(self, span: Span, manifest: Manifest) -> None:
        """Write the manifest of a range again, with other files."""
        document = {
            "files": [asdict(file) for file in manifest.files],
            "sources": manifest.sources,
            "previous": manifest.previous,
            "identities": manifest.identities,
        }
        self._write(span, document)

    def _write(self, span: Span, document: dict[str, Any]) -> None:
        plain = json.loads(json.dumps(document))
        self._storage.write(span.manifest, json.dumps({**plain, "digest": _digest(plain)}, indent=1))

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
            raise not_a_manifest(self._storage.url(path)) from error
        if not isinstance(document, dict):
            raise not_a_manifest(self._storage.url(path))
        return document


def not_a_manifest(where: str) -> LakeDamaged:
    """What is said of a file that cannot be read as a manifest."""
    return LakeDamaged("is not a whole manifest", where=where, remedy=HOW_TO_MEND)


def _digest(document: dict[str, Any]) -> str:
    """Of a manifest's content, whatever its layout."""
    said = {name: value for name, value in document.items() if name != "digest"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]
