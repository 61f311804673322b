"""Damaged files made readable: a copy in which what cannot be read stands as text, so that the rest counts (rule 2.2).

Line by line, and so an order of magnitude slower than DuckDB: only for files in which damage was found.
"""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_BOM = b"\xef\xbb\xbf"
_RECORD_LINES = 1000  # a quote that stays open for longer than this many lines is a stray one


def longest_line(path: Path) -> int:
    """In bytes."""
    with path.open("rb") as lines:
        return max((len(line) for line in lines), default=0)


def without_bom(path: Path) -> Path:
    """The file itself, or a copy without its byte order mark (DuckDB takes a line with one for no JSON)."""
    with path.open("rb") as source:
        if source.read(len(_BOM)) != _BOM:
            return path
        copy = path.with_name(f"unmarked-{path.name}")
        with copy.open("wb") as output:
            shutil.copyfileobj(source, output)
    return copy


def mend_jsonl(path: Path, mended: Path, broken: set[int]) -> int:
    """Copy `path` with the rows `broken` (from 1, blank lines not counted) as JSON strings; gives the longest."""
    longest = position = 0
    with path.open("rb") as lines, mended.open("wb") as output:
        for line in lines:
            position += bool(line.strip())
            text = _quoted(line) if position in broken and line.strip() else line
            longest = max(longest, len(text))
            output.write(text)
    return longest


def _quoted(line: bytes) -> bytes:
    return json.dumps(line.rstrip(b"\r\n").decode("utf-8", "backslashreplace")).encode() + b"\n"


def mend_csv(path: Path, mended: Path, fields: int) -> int:
    """Copy the rows after the header, each with one more field: null, or the text of a damaged row; gives the longest.

    A row runs over several lines where a quoted field holds line breaks. A line that starts no sound row is damaged by
    itself, so that a stray quote spoils its own line only.
    """
    csv.field_size_limit(sys.maxsize)
    longest = 0
    with path.open("rb") as source, mended.open("w", encoding="utf-8", newline="") as output:
        writer = csv.writer(output, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for number, (row, text) in enumerate(_records(source, fields)):
            if number:
                longest = max(longest, len(text) * 2)
                writer.writerow([*row, None] if row else [None] * fields + [text])
    return longest


def _records(source: BinaryIO, fields: int) -> Iterator[tuple[list[str], str]]:
    """Each row's fields (none: damaged) and its text."""
    ahead: list[bytes] = []
    source_lines = iter(source)

    def line(number: int) -> bytes | None:
        while len(ahead) <= number:
            following = next(source_lines, None)
            if following is None:
                return None
            ahead.append(following)
        return ahead[number]

    first = line(0)
    if first is not None:
        ahead[0] = first.removeprefix(_BOM)
    while (first := line(0)) is not None:
        if not first.strip(b"\r\n"):
            del ahead[0]
            continue
        row, used, record = _row(first, fields), 1, first
        while row is None and used < _RECORD_LINES and record.count(b'"') % 2 and (following := line(used)) is not None:
            record, used = record + following, used + 1
            row = None if record.count(b'"') % 2 else _row(record, fields)
        if row is None:
            record, used = first, 1
        yield row or [], record.rstrip(b"\r\n").decode("utf-8", "backslashreplace")
        del ahead[:used]


def _row(record: bytes, fields: int) -> list[str] | None:
    try:
        rows = list(csv.reader([record.decode("utf-8").removesuffix("\n").removesuffix("\r")], strict=True))
    except (csv.Error, UnicodeDecodeError):
        return None
    row = rows[0] if len(rows) == 1 else []
    if len(row) == fields + 1 and not row[-1]:  # a comma at the end, as DuckDB takes it
        row.pop()
    return row if len(row) == fields else None
