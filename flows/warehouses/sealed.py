"""What a publication's file was when it was sealed, which tells later whether somebody has written to it since.

publications/<id>.json    {"size": <bytes>, "modified_ns": <its time>, "crc32": <of its bytes>}

The published file has the same bytes, and on most file systems it is the same file under a second name.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

from flows.ground.home import Home, read_json, write_durably

READ_AT_ONCE = 1 << 20  # bytes


@dataclass(frozen=True)
class Sealed:
    """Size in bytes, time of the last change, checksum."""

    size: int
    modified_ns: int
    crc32: int

    @classmethod
    def of(cls, file: Path) -> Sealed:
        """Of the file as it is now."""
        stat = file.stat()
        return cls(stat.st_size, stat.st_mtime_ns, crc32_of(file))

    @classmethod
    def read(cls, home: Home, publication_id: str) -> Sealed | None:
        """What was written down of this publication; None where an earlier version sealed it, or it is not kept."""
        try:
            return cls(**(read_json(sealed_file(home, publication_id)) or {}))
        except (TypeError, ValueError):
            return None

    def write(self, home: Home, publication_id: str) -> None:
        """Write it down."""
        write_durably(sealed_file(home, publication_id), json.dumps(asdict(self)))

    def is_still(self, file: Path) -> bool:
        """Whether the file has these bytes; they are read only where its time is another one."""
        stat = file.stat()
        if stat.st_size != self.size:
            return False
        return stat.st_mtime_ns == self.modified_ns or crc32_of(file) == self.crc32


def sealed_file(home: Home, publication_id: str) -> Path:
    """Where this is written down."""
    return home.publications / f"{publication_id}.json"


def is_altered(home: Home, publication_id: str, file: Path) -> bool:
    """Whether somebody has written to this file of a publication; False where it is not known what it was."""
    sealed = Sealed.read(home, publication_id)
    return sealed is not None and not sealed.is_still(file)


def crc32_of(file: Path) -> int:
    """CRC-32 of the bytes of the file."""
    crc = 0
    with file.open("rb", buffering=0) as opened:
        while block := opened.read(READ_AT_ONCE):
            crc = zlib.crc32(block, crc)
    return crc
