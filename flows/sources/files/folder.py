"""Which files a folder delivers, and which of them are new."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from contract import landing
from flows.ground.errors import InputError, SourceUnavailable
from flows.ground.home import read_json, write_durably

EXTENSIONS = ("jsonl", "csv", "parquet", "jsonl.gz", "csv.gz")
_NO_DATA = (".tmp", ".part", ".partial", ".crdownload", ".swp", ".bak", "~", ".md")
_RACY_NS = 2_000_000_000  # a file written this shortly before it was read can change again without a new time


@dataclass(frozen=True)
class SourceFile:
    """A delivered file. `path` is resolved and absolute: its identity from pull to pull; `shown` is for people."""

    path: Path
    shown: str
    table: str
    extension: str
    size: int


@dataclass
class Found:
    files: list[SourceFile]
    mistakes: list[tuple[str, str]]  # (file, what is wrong with it)
    warnings: list[str]


def readable(text: str | Path) -> str:
    """A file name for people: one line, whatever bytes it is made of."""
    return os.fsencode(text).decode("utf-8", "backslashreplace").replace("\n", "\\n").replace("\r", "\\r")


def empty_warning(shown: str) -> str:
    return f"{shown}: is empty and was left out; it may still be being written"


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Trouble with a delivered file: the user's where a permission is missing, else the source's (a retry can help)."""
    try:
        yield
    except PermissionError as error:
        raise InputError("may not be read", where=readable(path), remedy="give the permission to read it") from error
    except OSError as error:
        raise SourceUnavailable(
            f"could not be read ({error.strerror or error})", where=readable(path), remedy="pull again later"
        ) from error


def discover(folder: Path) -> Found:
    """The files of `folder`, by path; raises InputError where there is no such folder."""
    with reading(folder):
        return _discover(folder)


def _discover(folder: Path) -> Found:
    if not folder.is_dir():
        raise InputError(
            "is not a folder" if folder.exists() else "there is no such folder",
            where=readable(folder),
            remedy="name the folder that holds the exported files",
        )
    found = Found([], [], [])
    for entry in _entries(folder):
        if entry.is_dir():
            _look_into(entry, found)
        else:
            table, _, extension = entry.name.partition(".")
            _take(entry, entry.name, table, extension.lower(), found)
    unique = {file.path: file for file in found.files}
    found.files = sorted(unique.values(), key=lambda file: os.fsencode(file.path))
    return found


def _entries(folder: Path) -> list[Path]:
    return [entry for entry in sorted(folder.iterdir()) if not entry.name.startswith((".", "_"))]


def _look_into(folder: Path, found: Found) -> None:
    known = folder.name in landing()
    for entry in _entries(folder):
        shown = f"{folder.name}/{entry.name}"
        extension = _extension(entry.name)
        if entry.is_dir():
            if known:
                found.warnings.append(f"{readable(shown)}: folders inside a table's folder are not read")
        elif known or extension in EXTENSIONS:
            _take(entry, shown, folder.name, extension, found)


def _extension(file_name: str) -> str:
    lower = file_name.lower()
    return next(
        (e for e in sorted(EXTENSIONS, key=len, reverse=True) if lower.endswith(f".{e}")), lower.rpartition(".")[2]
    )


def _take(path: Path, shown: str, table: str, extension: str, found: Found) -> None:
    if path.name.lower().endswith(_NO_DATA):
        return
    shown = readable(shown)
    if table not in landing():
        if _extension(path.name) in EXTENSIONS:
            near = difflib.get_close_matches(table.lower(), landing(), n=1)
            hint = f"did you mean {near[0]}?" if near else f"tables are {', '.join(landing())}"
            found.mistakes.append((shown, f"belongs to no table of the contract ({hint})"))
        return
    if extension not in EXTENSIONS:
        found.mistakes.append((shown, f"is of no known kind (known are {', '.join(EXTENSIONS)})"))
        return
    if not path.is_file():
        found.mistakes.append((shown, "is not a regular file"))
        return
    size = path.stat().st_size
    if size == 0:
        found.warnings.append(empty_warning(shown))
        return
    found.files.append(SourceFile(path.resolve(), shown, table, extension, size))


class Digests:
    """The content hashes of files, remembered by their fingerprint (size, times, inode).

    Only a memory: what was loaded stands in the manifests, and losing this file costs reading the sources again.
    """

    def __init__(self, memory: Path) -> None:
        self._memory = memory
        try:
            self._known = read_json(memory) or {}
        except ValueError:
            self._known = {}
        self._changed = False

    def of(self, path: Path) -> str:
        """The SHA-256 of the content; not read again while the fingerprint is the same and safely old."""
        with reading(path):
            fingerprint = _fingerprint(path)
            known = self._known.get(str(path))
            if known and known[0] == fingerprint:
                return str(known[1])
            now = time.time_ns()
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if _fingerprint(path) == fingerprint and now - max(fingerprint[1], fingerprint[2]) > _RACY_NS:
                self._known[str(path)] = [fingerprint, digest]
                self._changed = True
        return digest

    def save(self) -> None:
        if self._changed:
            write_durably(self._memory, json.dumps(self._known))


def _fingerprint(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev]
