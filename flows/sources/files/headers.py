"""Names of columns, as people and programs write them above their data."""

from __future__ import annotations

import csv
import difflib
import io
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from contract import Table
from flows.ground.errors import InputError
from flows.lake.landing import landing_columns

_HEAD = 1024 * 1024
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_SEPARATOR_LINE = re.compile(rb'(?:\xef\xbb\xbf)?"?sep=(.)"?\r?\n', re.IGNORECASE)  # by and for Excel
_TITLES = 20  # rows above a header, at most


def without_separator_line(path: Path) -> Path:
    """The file itself, or a copy without a first line `sep=,`; raises InputError where that names another one."""
    with path.open("rb") as source:
        found = _SEPARATOR_LINE.match(source.read(16))
        if not found:
            return path
        separator = found[1].decode("ascii", "replace")
        if separator != ",":
            raise InputError(f"is separated by {_SEPARATORS.get(separator, repr(separator))}, not by commas")
        source.seek(found.end())
        copy = path.with_name(f"headed-{path.name}")
        with copy.open("wb") as output:
            shutil.copyfileobj(source, output)
    return copy


def csv_header(path: Path, table: Table, partition: tuple[str, ...]) -> tuple[list[str], str]:
    """The column names of a CSV file, and how its lines end, as DuckDB spells it.

    DuckDB would take a line break inside the first quoted field for the end of all lines. Raises InputError where
    required columns are missing.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    text = head.decode("utf-8-sig", "replace")
    rows = csv.reader(io.StringIO(text, newline=""))
    names = next((row for row in rows if row), [])
    try:
        require(names, table, partition)
    except InputError:
        _say_what_else(text, names, rows, table)
        raise
    line, feed, _ = head.partition(b"\n")
    if not feed:
        return names, "\\r" if b"\r" in head else "\\n"
    return names, "\\r\\n" if line.endswith(b"\r") else "\\n"


def _say_what_else(text: str, names: list[str], rows: Iterable[list[str]], table: Table) -> None:
    required = {column.name for column in table.columns if column.required}
    first = text.lstrip("\r\n").partition("\n")[0]
    for separator, noun in _SEPARATORS.items():
        if required & set(matched([part.strip('" \r') for part in first.split(separator)], table)) - set(names):
            raise InputError(f"is separated by {noun}, not by commas") from None
    for number, row in zip(range(2, _TITLES), filter(None, rows), strict=False):
        if required <= set(matched(row, table)):
            raise InputError(f"has its header only in row {number}; delete what stands above it") from None


def matched(names: Iterable[str], table: Table) -> dict[str, str]:
    """Contract column -> name in the file: the exact one, else the first that differs only in case or blanks."""
    names = list(names)
    found: dict[str, str] = {}
    for column in landing_columns(table):
        near = [label for label in names if label.strip("\ufeff \t\r\n\u00a0").lower() == column.name]
        if near:
            found[column.name] = column.name if column.name in near else near[0]
    return found


def require(names: Iterable[str], table: Table, partition: tuple[str, ...]) -> None:
    """Raise InputError where a required column is in none of `names`, or where a column is only in `partition`."""
    names = list(names)
    there = matched(names, table)
    refuse_columns_of_folders(there, table, partition)
    missing = [column.name for column in table.columns if column.required and column.name not in there]
    if missing:
        hints = dict(near_misses(names, table))
        near = [label for label, column in hints.items() if column in missing]
        hint = f" (it has {', '.join(near)})" if near else ""
        raise InputError(f"lacks the required column{'s' * (len(missing) > 1)} {', '.join(missing)}{hint}")


def refuse_columns_of_folders(there: Iterable[str], table: Table, partition: tuple[str, ...]) -> None:
    """Raise InputError where a column of the contract is not `there`, but a key of the folders' names."""
    for column in landing_columns(table):
        if column.name in partition and column.name not in there:
            what = f"lacks the column {column.name}, which stands only in its folder's name"
            raise InputError(f"{what}; write it into the file")


def near_misses(names: Iterable[str], table: Table) -> list[tuple[str, str]]:
    """(name in the file, contract column): unknown names that may stand for a column that the file lacks."""
    names = list(names)
    there = matched(names, table)
    open_columns = [column.name for column in landing_columns(table) if column.name not in there]
    unknown = [label for label in names if label not in there.values()]
    found = []
    for label in unknown:
        plain = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", label).lower()).strip("_")
        near = difflib.get_close_matches(plain, open_columns, n=1, cutoff=0.8)
        found += [(label, column) for column in near]
    return found
