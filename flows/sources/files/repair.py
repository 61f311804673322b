"""Damaged files made readable: a copy in which what cannot be read stands as text, so that the rest counts (rule 2.2).

Line by line, and so an order of magnitude slower than DuckDB: only for files in which damage was found.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

BLANK = b" \t\r\n"  # what a line without a row may consist of
LONGEST = 64 * 1024 * 1024  # bytes of a line or row that is read
TOO_LONG = f"the row is longer than {LONGEST // 1024 // 1024} MiB"
_ESCAPES = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_BOM = b"\xef\xbb\xbf"
_RECORD_LINES = 1000  # a quote that stays open for longer than this many lines is a stray one
_SHOWN = 1000  # bytes that are kept of what is too long
_CHUNK = 1024 * 1024
_GROUP = 16 * 1024 * 1024  # bytes of text that are held before they are written

csv.field_size_limit(LONGEST)


def lines(source: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Each line, and whether only its beginning is given, because it is too long."""
    while line := source.readline(LONGEST + 1):
        if len(line) <= LONGEST:
            yield line, False
            continue
        length, last = len(line), line[-1:]
        while last != b"\n" and (piece := source.readline(_CHUNK)):
            length, last = length + len(piece), piece[-1:]
        yield line[:_SHOWN] + f"... ({length} bytes)\n".encode(), True


def without_bom(path: Path) -> Path:
    """The file itself, or a copy without its byte order mark (DuckDB takes a line with one for no JSON)."""
    with path.open("rb") as source:
        if source.read(len(_BOM)) != _BOM:
            return path
        copy = path.with_name(f"unmarked-{path.name}")
        with copy.open("wb") as output:
            shutil.copyfileobj(source, output)
    return copy


def shorten_jsonl(path: Path) -> tuple[Path, list[int]]:
    """A copy in which the beginning of each line that is too long stands as a JSON string, and which these are.

    Positions count from 1, blank lines not.
    """
    copy, cut, position = path.with_name(f"short-{path.name}"), list[int](), 0
    with path.open("rb") as source, copy.open("wb") as output:
        for line, is_cut in lines(source):
            position += bool(line.strip(BLANK))
            if is_cut:
                cut.append(position)
            output.write(_quoted(line) if is_cut else line)
    return copy, cut


def mend_jsonl(path: Path, broken: set[int] | None) -> tuple[Path, int]:
    """A copy with the rows `broken` (from 1, blank lines not counted; None: those that Python does not take for JSON)
    as JSON strings, and its longest line. One that halves of characters broke has U+FFFD for each of them.
    """
    mended, longest, position = path.with_name(f"mended-{path.name}"), 0, 0
    with path.open("rb") as source, mended.open("wb") as output:
        for line in source:
            if not line.strip(BLANK):
                continue
            position += 1
            text = line
            if broken is None or position in broken:
                text = _whole(line)
                if not _is_json(text) or (broken is not None and text == line):
                    text = _quoted(line)
            longest = max(longest, len(text))
            output.write(text)
    return mended, longest


def _whole(line: bytes) -> bytes:
    """The line with U+FFFD in the place of each half of a character: DuckDB reads none, and other programs write them
    where they cut a text.
    """
    return _ESCAPES.sub(lambda found: rb"\ufffd" if found["half"] else found[0], line)


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _quoted(line: bytes) -> bytes:
    return json.dumps(line.rstrip(b"\r\n").decode("utf-8", "backslashreplace")).encode() + b"\n"


def with_feeds(path: Path) -> Path:
    """A copy in which lines end with a line feed, of a file in which they end with a carriage return."""
    copy = path.with_name(f"fed-{path.name}")
    with path.open("rb") as source, copy.open("wb") as output:
        while chunk := source.read(_CHUNK):
            output.write(chunk.replace(b"\r", b"\n"))
    return copy


def mend_csv(path: Path, mended: Path, fields: int) -> int:
    """Write the rows after the header as Parquet, and give their number.

    Beside `c0`, `c1`, ... stand `damaged`, the text of a damaged row, else null, and `reason`. Parquet, as DuckDB reads
    no CSV with rows of more than 32 MiB. A row runs over several lines where a quoted field holds line breaks. A line
    that starts no sound row is damaged by itself, so that a stray quote spoils its own line only.
    """
    import pyarrow as pa  # noqa: PLC0415 only damaged files need it
    from pyarrow.parquet import ParquetWriter  # noqa: PLC0415

    names = [*(f"c{number}" for number in range(fields)), "damaged", "reason"]
    schema = pa.schema([(name, pa.string()) for name in names])
    not_sound = f"the row does not have {fields} fields of sound quotes and UTF-8"
    held, size, count = list[list[str | None]](), 0, 0
    with path.open("rb") as source, ParquetWriter(mended, schema, compression="zstd", use_dictionary=False) as output:

        def write() -> None:
            columns = []
            for column in zip(*held, strict=True):
                builder = pa.lib.StringBuilder()  # pa.array would import pandas
                builder.append_values(column)
                columns.append(builder.finish())
            output.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
            held.clear()

        for number, (row, text, is_cut) in enumerate(_records(source, fields)):
            if number == 0:
                continue
            held.append([*row, None, None] if row else [*[None] * fields, text, TOO_LONG if is_cut else not_sound])
            size, count = size + len(text), count + 1
            if size > _GROUP or len(held) >= 100_000:
                write()
                size = 0
        if held:
            write()
    return count


def _records(source: BinaryIO, fields: int) -> Iterator[tuple[list[str], str, bool]]:
    """Each row's fields (none: damaged), its text, and whether that is only the beginning of what is too long."""
    ahead: list[tuple[bytes, bool]] = []
    source_lines = lines(source)

    def line(number: int) -> tuple[bytes, bool] | None:
        while len(ahead) <= number:
            following = next(source_lines, None)
            if following is None:
                return None
            ahead.append(following)
        return ahead[number]

    start = line(0)
    if start is not None:
        ahead[0] = start[0].removeprefix(_BOM), start[1]
    while (start := line(0)) is not None:
        first, is_cut = start
        if not first.strip(b"\r\n"):
            del ahead[0]
            continue
        row, used, record = None if is_cut else _row(first, fields), 1, first
        while row is None and not is_cut and used < _RECORD_LINES and record.count(b'"') % 2:
            following = line(used)
            if following is None or following[1] or len(record) + len(following[0]) > LONGEST:
                break
            record, used = record + following[0], used + 1
            row = None if record.count(b'"') % 2 else _row(record, fields)
        if row is None:
            record, used = first, 1
        yield row or [], record.rstrip(b"\r\n").decode("utf-8", "backslashreplace"), is_cut
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
