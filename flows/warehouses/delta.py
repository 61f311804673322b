"""A publication as what differs in it from a newer one: a zip of the blocks of its file that are not the same there.

publications/<id>.on.<id of the newer one>.zip
  0, 1, 2, ...        the blocks
  check.html          its check page
  publication.json    what its file was when it was sealed (`sealed.py`)

Blocks are DuckDB's, which is what it writes at once: what a small delivery leaves as it was stays in its blocks.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from flows.ground.errors import StorageFailed
from flows.warehouses.files import copy_file, half_made, sync_file
from flows.warehouses.sealed import Sealed, crc32_of

HEADERS, BLOCK = 3 * 4096, 1 << 18  # bytes of DuckDB's headers, which are block 0 here, and of each of its blocks
FASTEST = 1  # of zlib's levels
DAMAGE = (BadZipFile, KeyError, TypeError, ValueError, EOFError, zlib.error)  # what reading a damaged zip ends in


def write_delta(delta: Path, old: Path, new: Path, sealed: Sealed | None, page: Path) -> None:
    """Write what `old` is against `new`; `sealed` is what `old` ought to be, None where nobody knows better.

    Whatever has become of `new` by now: the delta is against its bytes as they are.
    Raises OSError; nothing is left then.
    """
    half = half_made(delta)
    try:
        with ZipFile(half, "w", ZIP_DEFLATED, compresslevel=FASTEST) as archive:
            size = crc = number = 0
            with old.open("rb") as ours, new.open("rb") as theirs:
                while block := ours.read(_length(number)):
                    if block != theirs.read(_length(number)):
                        archive.writestr(str(number), block)
                    size, crc, number = size + len(block), zlib.crc32(block, crc), number + 1
            if page.exists():
                archive.write(page, "check.html")
            known = sealed or Sealed(size, 0, crc)
            archive.writestr("publication.json", json.dumps(asdict(known)))
        sync_file(half)
        half.rename(delta)
    finally:
        half.unlink(missing_ok=True)


def put_together(deltas: Sequence[Path], whole: Path, target: Path, page: Path) -> Sealed:
    """Write the file and the check page of the publication of the first delta; says what the file ought to be.

    Each delta is against the publication of the next one, the last against `whole`. Of a block the first delta that has
    it is right, so each is written once, however many publications lie in between. Raises StorageFailed, OSError.
    """
    copy_file(whole, target)
    known = Sealed(0, 0, 0)
    seen: set[str] = set()
    with target.open("r+b") as out:
        for delta in deltas:
            try:
                with ZipFile(delta) as archive:
                    if delta == deltas[0]:
                        known = Sealed(**json.loads(archive.read("publication.json")))
                        if "check.html" in archive.namelist():
                            page.write_bytes(archive.read("check.html"))
                    for name in set(archive.namelist()) - seen:
                        if name.isdecimal() and _offset(int(name)) < known.size:
                            out.seek(_offset(int(name)))
                            out.write(archive.read(name))
                            seen.add(name)
            except DAMAGE as error:
                what = f"is damaged ({error}), and publications before it cannot be put together"
                raise StorageFailed(what, where=str(delta), remedy="go back to a later publication") from error
        out.truncate(known.size)
    return known


def is_as_sealed(file: Path, sealed: Sealed) -> bool:
    """Whether the file has the bytes that were sealed, whatever its time says."""
    return file.stat().st_size == sealed.size and crc32_of(file) == sealed.crc32


def _length(number: int) -> int:
    return BLOCK if number else HEADERS


def _offset(number: int) -> int:
    return HEADERS + (number - 1) * BLOCK if number else 0
