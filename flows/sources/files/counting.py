"""How many rows a file has, counted without the reader that loads it.

DuckDB has been seen to leave out a line longer than its buffer (32 MiB in CSV) without a word. So the number of rows
written is compared with what stands here: rows in = rows counted, waiting and refused.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from flows.sources.files.repair import BLANK, lines

_CHUNK = 1024 * 1024


def csv_rows(path: Path) -> Iterator[int]:
    """The rows below the header: first counted fast, then exactly (three times the work) for whom that does not fit."""
    yield _fast_csv_rows(path) - 1
    with path.open("rb") as file, suppress(csv.Error):  # a quote that stays open for more than a row may have
        pieces = (piece.decode("latin-1") for line, _ in lines(file) for piece in line.splitlines(keepends=True))
        yield sum(map(bool, csv.reader(pieces))) - 1


def _fast_csv_rows(path: Path) -> int:
    """Lines with something in them outside of quotes; wrong where a quote stands inside an unquoted field."""
    rows, in_quotes, goes_on = 0, 0, False
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK) + file.readline(_CHUNK):
            parts = chunk.split(b'"')
            parts_of_lines = (outside := b'"'.join(parts[in_quotes::2])).splitlines()
            rows += sum(map(bool, parts_of_lines)) - bool(goes_on and parts_of_lines and parts_of_lines[0])
            in_quotes = (in_quotes + len(parts) - 1) % 2
            goes_on = not outside.endswith((b"\n", b"\r")) if outside else goes_on
    return rows


def jsonl_rows(path: Path) -> tuple[int, int]:
    """Lines with something in them, and the bytes of the longest line."""
    rows = length = longest = 0
    is_blank = True
    with path.open("rb") as file:
        while piece := file.readline(_CHUNK):
            length += len(piece)
            if is_blank and piece.strip(BLANK):
                rows, is_blank = rows + 1, False
            if piece.endswith(b"\n"):
                longest, length, is_blank = max(longest, length), 0, True
    return rows, max(longest, length)
