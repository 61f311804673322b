"""What a delivered file really is, whatever its name says, and its text as UTF-8."""

from __future__ import annotations

import codecs
import re
import shutil
from pathlib import Path

from flows.ground.errors import InputError

_KINDS = {
    b"PK\x03\x04": "is a ZIP archive; unpack it (an Excel workbook: save it as CSV)",
    b"\x1f\x8b": "is packed with gzip; give its name the end .gz",
    b"PAR1": "is a Parquet file; give its name the end .parquet",
    b"\xd0\xcf\x11\xe0": "is an Excel workbook; save it as CSV",
    b"7z\xbc\xaf": "is a 7z archive; unpack it",
    b"Rar!": "is a RAR archive; unpack it",
    b"BZh": "is packed with bzip2; unpack it",
    b"\xfd7zXZ": "is packed with xz; unpack it",
    b"\x28\xb5\x2f\xfd": "is packed with zstd; unpack it",
    b"SQLite format 3": "is a database of SQLite; export its tables",
    b"%PDF": "is a PDF; export the table itself",
}
_WIDE = {  # UTF-32 first: its mark begins like that of UTF-16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


_PAGE = re.compile(rb"\s*<(!doctype|html|\?xml)", re.IGNORECASE)


def refuse_other_kinds(path: Path, kind: str) -> None:
    """Raise InputError where the file begins as one of another kind than `kind` (jsonl, csv, parquet)."""
    with path.open("rb") as file:
        head = file.read(16)
    if kind != "parquet" and _PAGE.match(head):
        raise InputError("is a page of HTML or XML, perhaps an error or a login; export the table itself")
    if kind != "parquet" and (_is_every_other(head[::2], head[1::2]) or _is_every_other(head[1::2], head[::2])):
        raise InputError("is text of UTF-16 without a byte order mark; save it as UTF-8")
    for magic, sentence in _KINDS.items():
        if head.startswith(magic) and not (kind == "parquet" and magic == b"PAR1"):
            raise InputError(sentence)


def _is_every_other(zeros: bytes, letters: bytes) -> bool:
    """Whether ASCII letters have a zero before or after each of them."""
    return len(letters) > 1 and not any(zeros) and all(letters)


def as_utf_8(path: Path) -> Path:
    """The file itself, or a copy where its byte order mark says UTF-16 or UTF-32 (exports of spreadsheets)."""
    with path.open("rb") as file:
        head = file.read(4)
    encoding = next((name for mark, name in _WIDE.items() if head.startswith(mark)), None)
    if encoding is None:
        return path
    copy = path.with_name(f"utf8-{path.name}")
    with (
        path.open(encoding=encoding, errors="replace", newline="") as source,
        copy.open("w", encoding="utf-8", newline="") as output,
    ):
        shutil.copyfileobj(source, output)
    return copy
