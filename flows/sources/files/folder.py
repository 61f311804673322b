"""Which files a folder delivers."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from contract import landing
from flows.ground.errors import InputError
from flows.sources.files.digests import readable, reading

EXTENSIONS = ("jsonl", "csv", "parquet", "jsonl.gz", "csv.gz")
# What operating systems, editors, spreadsheets, Hadoop, backups and browsers leave beside files; any case.
_LEFT_OVER = re.compile(
    r"""[._].*|~\$.*|.*~|\#.*\#|\$recycle\.bin|system\ volume\ information|lost\+found|@eadir|icon\r?
    |(eh)?thumbs(_vista)?\.db|desktop\.ini
    |.*\.(tmp|temp|part|partial|filepart|crdownload|download|sw[a-p]|bak|orig|old|lock|lck|lnk|url|crc
    |md5|sha1|sha256|sha512|sig|asc|log|md)""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_PARTITION = re.compile(r"[^=]+=.*|[0-9][0-9T_.:-]*", re.DOTALL)  # date=2026-06-01, 2026, 06


@dataclass(frozen=True)
class SourceFile:
    """A delivered file. `path` is resolved and absolute: its identity from pull to pull; `shown` is for people.

    `partition` has the keys that the names of its folders give (`date=2026-06-01`).
    """

    path: Path
    shown: str
    table: str
    extension: str
    size: int
    partition: tuple[str, ...] = ()


@dataclass
class Found:
    files: list[SourceFile]
    mistakes: list[tuple[str, str]]  # (file, what is wrong with it)
    warnings: list[str]


def empty_warning(shown: str) -> str:
    return f"{shown}: is empty and was left out; it may still be being written"


def discover(folder: Path, *, follow_links: bool = False) -> Found:
    """The files of `folder`, by path; raises InputError where there is no such folder.

    Links that lead out of the folder are read only where `follow_links` says so: who may write into the folder is not
    always somebody who may read the rest of the machine.
    """
    with reading(folder):
        if not folder.is_dir():
            raise InputError(
                "is not a folder" if folder.exists() else "there is no such folder",
                where=readable(folder),
                remedy="name the folder that holds the exported files",
            )
        search = _Search(_real(folder), follow_links)
        search.look_around()
    unique = {file.path: file for file in search.found.files}
    search.found.files = sorted(unique.values(), key=lambda file: os.fsencode(file.path))
    return search.found


class _Search:
    def __init__(self, root: Path, follow_links: bool) -> None:
        self._root, self._follow_links = root, follow_links
        self._seen: set[Path] = set()  # folders: a link can lead back up
        self.found = Found([], [], [])

    def look_around(self) -> None:
        for entry in _entries(self._root):
            if entry.is_dir():
                if self._may_enter(entry, is_data=entry.name in landing()):
                    self._look_into(entry, entry.name, ())
            else:
                table, _, extension = entry.name.partition(".")
                self._take(entry, table, extension.lower(), ())

    def _look_into(self, folder: Path, table: str, partition: tuple[str, ...]) -> None:
        """A folder of a table, or one whose name is near a table's."""
        for entry in _entries(folder):
            extension = _extension(entry.name)
            if not entry.is_dir():
                if table in landing() or extension in EXTENSIONS:
                    self._take(entry, table, extension, partition)
            elif table in landing() and self._may_enter(entry, is_data=True):
                if _PARTITION.fullmatch(entry.name):
                    key, equals, _ = entry.name.partition("=")
                    self._look_into(entry, table, (*partition, key) if equals else partition)
                elif any(_extension(file.name) in EXTENSIONS for file in _entries(entry)):
                    what = (
                        "is a folder inside a table's folder, and only those of partitions (date=2026-06-01) are read"
                    )
                    self.found.mistakes.append((self._shown(entry), what))

    def _may_enter(self, folder: Path, *, is_data: bool) -> bool:
        """Whether a folder is to be looked into: once, and below the root; a link elsewhere is told if it is data."""
        if self._leads_out(folder):
            if is_data:
                self._warn_of_link(folder)
            return False
        resolved = _real(folder)
        if resolved in self._seen or resolved == self._root:
            return False
        self._seen.add(resolved)
        return True

    def _take(self, path: Path, table: str, extension: str, partition: tuple[str, ...]) -> None:
        if table not in landing():
            if _extension(path.name) in EXTENSIONS:
                near = difflib.get_close_matches(table.lower(), landing(), n=1)
                hint = f"did you mean {near[0]}?" if near else f"tables are {', '.join(landing())}"
                self._mistake(path, f"belongs to no table of the contract ({hint})")
        elif self._leads_out(path):
            self._warn_of_link(path)
        elif extension not in EXTENSIONS:
            self._mistake(path, f"is of no known kind (known are {', '.join(EXTENSIONS)})")
        elif not path.is_file():
            self._mistake(path, "is not a regular file")
        elif (size := path.stat().st_size) == 0:
            self.found.warnings.append(empty_warning(self._shown(path)))
        else:
            self.found.files.append(SourceFile(_real(path), self._shown(path), table, extension, size, partition))

    def _leads_out(self, path: Path) -> bool:
        return not (self._follow_links or _real(path).is_relative_to(self._root))

    def _warn_of_link(self, path: Path) -> None:
        what = "is a link out of the folder and was left alone; `follow_links = true` in [sources.files] has it read"
        self.found.warnings.append(f"{self._shown(path)}: {what}")

    def _mistake(self, path: Path, what: str) -> None:
        self.found.mistakes.append((self._shown(path), what))

    def _shown(self, path: Path) -> str:
        return readable(path.relative_to(self._root))


def _real(path: Path) -> Path:
    """Where a path leads in the end; of links in a circle, somewhere on it."""
    return Path(os.path.realpath(path))


def _entries(folder: Path) -> Iterator[Path]:
    return (entry for entry in sorted(folder.iterdir()) if not _LEFT_OVER.fullmatch(entry.name))


def _extension(file_name: str) -> str:
    lower = file_name.lower()
    return next(
        (e for e in sorted(EXTENSIONS, key=len, reverse=True) if lower.endswith(f".{e}")), lower.rpartition(".")[2]
    )
