"""Content hashes of delivered files, and what trouble with such a file is called."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.ground.errors import InputError, SourceUnavailable
from flows.ground.home import read_json, write_durably

_RACY_NS = 2_000_000_000  # a file written this shortly before it was read can change again without a new time


def readable(text: str | Path) -> str:
    """A file name for people: one line, whatever bytes it is made of."""
    return os.fsencode(text).decode("utf-8", "backslashreplace").replace("\n", "\\n").replace("\r", "\\r")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Trouble with a delivered file: the user's where a permission is missing, else the source's (a retry can help)."""
    try:
        yield
    except PermissionError as error:
        raise InputError("may not be read", where=readable(path), remedy="give the permission to read it") from error
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise InputError("is too long for a path", where=readable(path), remedy="name a shorter one") from error
        raise SourceUnavailable(
            f"could not be read ({error.strerror or error})", where=readable(path), remedy="pull again later"
        ) from error


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
