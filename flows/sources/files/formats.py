"""How the kinds of files are read: each as a relation of rows in file order, for `landing.landed`.

Every reader works on a path of our own (a link or an unpacked copy), so that strangers' file names are never patterns.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from contract import Table
from flows.ground.errors import InputError
from flows.ground.sql import identifier, literal
from flows.lake.landing import Given, landing_columns, strict_json
from flows.sources.files import repair

JSON_OBJECT_BYTES = 16 * 1024 * 1024  # DuckDB's own limit; raised for files with longer lines
CSV_LINE_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True)
class Rows:
    """`relation` has `_position` and what `given`, `broken`, `payload` (SQL) refer to; `unknown` are ignored."""

    relation: str
    given: dict[str, Given]
    payload: str
    broken: str = "NULL"
    unknown: tuple[str, ...] = ()


def jsonl(connection: duckdb.DuckDBPyConnection, path: Path, table: Table) -> Rows:
    """One JSON object per line; blank lines are not rows; lines that are not JSON are refused, as JSON strings."""
    path, limit = repair.without_bom(path), JSON_OBJECT_BYTES
    try:
        keys = _keys(connection, path, limit)
    except duckdb.InvalidInputException:  # a line is longer than the limit
        limit = max(limit, repair.longest_line(path) + 1024)
        keys = _keys(connection, path, limit)
    if None in keys:
        lines = f"SELECT row_number() OVER () AS position, json FROM {_lines(path, limit)}"
        broken = connection.execute(f"SELECT position FROM ({lines}) WHERE json IS NULL").fetchall()
        mended = path.with_name(f"mended-{path.name}")
        limit = max(limit, repair.mend_jsonl(path, mended, {position for (position,) in broken}) + 1024)
        path, keys = mended, _keys(connection, mended, limit)
    known = [column.name for column in landing_columns(table)]
    structure = json.dumps(dict.fromkeys(known, "JSON"))
    return Rows(
        f"(SELECT row_number() OVER () AS _position, json AS _line, "
        f"json_transform(json, {literal(structure)}) AS _object FROM {_lines(path, limit)})",
        {column: Given(_exact(column), "json") for column in known},
        _word_for_word("_line"),
        "CASE WHEN NOT starts_with(_line, '{') THEN 'the line is not a JSON object' END",
        tuple(key for key in keys if key is not None and key not in known),
    )


def _lines(path: Path, limit: int) -> str:
    return (
        f"read_json_objects({literal(str(path))}, format='newline_delimited', ignore_errors=true, "
        f"maximum_object_size={limit}, compression='uncompressed')"
    )


def _keys(connection: duckdb.DuckDBPyConnection, path: Path, limit: int) -> list[str | None]:
    """All keys of all lines; None among them where a line is not JSON."""
    each = (
        f"SELECT unnest(CASE WHEN json IS NULL THEN [NULL] ELSE json_keys(json) END) AS key FROM {_lines(path, limit)}"
    )
    return [key for (key,) in connection.execute(f"SELECT DISTINCT key FROM ({each})").fetchall()]


def _exact(column: str) -> str:
    """A value of the line as JSON. DuckDB holds fractions as doubles: digits of long ones come from the line itself."""
    value = f"_object.{identifier(column)}"
    written = f'"{column}"\\s*:\\s*(-?[0-9.eE+-]+)'
    numbers = f"regexp_extract_all(_line, {literal(written)}, 1)"
    same = f"list_filter({numbers}, lambda n: try_cast(n AS DOUBLE) = {value}::DOUBLE)[1]"
    return (
        f"CASE WHEN starts_with({value}, '\"') OR length({value}) <= 15 THEN {value} "
        f"WHEN regexp_full_match({value}, '-?[0-9]+[.e][0-9.e+-]+') THEN coalesce({same}::JSON, {value}) "
        f"ELSE {value} END"
    )


def csv_header(head: bytes, table: Table) -> tuple[list[str], str]:
    """The column names in the first bytes of a CSV file, and how its lines end, as DuckDB spells it.

    DuckDB would take a line break inside the first quoted field for the end of all lines. Raises InputError where
    required columns are missing.
    """
    text = head.decode("utf-8-sig", "replace")
    rows = csv.reader(io.StringIO(text, newline=""))
    names = next((row for row in rows if row), [])
    try:
        _require(names, table)
    except InputError:
        required = {column.name for column in table.columns if column.required}
        first = text.partition("\n")[0].strip()
        for separator, noun in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
            if required & {part.strip('"') for part in first.split(separator)} - set(names):
                raise InputError(f"is separated by {noun}, not by commas") from None
        raise
    line, feed, _ = head.partition(b"\n")
    if not feed:
        return names, "\\r" if b"\r" in head else "\\n"
    return names, "\\r\\n" if line.endswith(b"\r") else "\\n"


def csv_rows(path: Path, table: Table, names: list[str], line_end: str) -> Rows:
    """A CSV file as RFC 4180 has it. Where rows are damaged DuckDB raises InvalidInputException when it gets there."""
    return _csv(path, table, names, line_end, header=True, limit=CSV_LINE_BYTES)


def mended_csv_rows(path: Path, table: Table, names: list[str]) -> Rows:
    """The same of a file with damaged rows: they stand as text in a column of their own, and are refused."""
    mended = path.with_name(f"mended-{path.name}")
    longest = repair.mend_csv(path, mended, len(names))
    return _csv(mended, table, [*names, "_damaged"], "\\n", header=False, limit=max(CSV_LINE_BYTES, longest + 1024))


def _csv(path: Path, table: Table, names: list[str], line_end: str, *, header: bool, limit: int) -> Rows:
    columns = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(names)))
    read = (
        f"read_csv({literal(str(path))}, columns={{{columns}}}, header={str(header).lower()}, auto_detect=false, "
        f"delim=',', quote='\"', escape='\"', new_line='{line_end}', max_line_size={limit}, "
        f"compression='none', hive_partitioning=false)"
    )
    delivered = names if header else names[:-1]
    given, unknown = _columns(delivered, table, [Given(f"c{number}", "text") for number in range(len(delivered))])
    payload = _json_object(delivered, [f"coalesce(c{number}, '')" for number in range(len(delivered))])
    relation = f"(SELECT row_number() OVER () AS _position, * FROM {read})"
    if header:
        return Rows(relation, given, payload, unknown=unknown)
    damaged = f"c{len(delivered)}"
    reason = literal(f"the row does not have {len(delivered)} fields of sound quotes and UTF-8")
    return Rows(
        relation,
        given,
        f"CASE WHEN {damaged} IS NULL THEN {payload} ELSE to_json({damaged}) END",
        f"CASE WHEN {damaged} IS NOT NULL THEN {reason} END",
        unknown,
    )


def parquet(connection: duckdb.DuckDBPyConnection, path: Path, table: Table) -> Rows:
    """A Parquet file; raises InputError where it is broken or lacks required columns."""
    read = f"read_parquet({literal(str(path))}, hive_partitioning=false)"
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()
        schema = connection.execute(f"SELECT name, num_children FROM parquet_schema({literal(str(path))})").fetchall()
    except duckdb.Error as error:
        raise InputError("is not a whole Parquet file") from error
    names = list(_top_level(schema))
    _require(names, table)
    types = [kind for _, kind, *_ in described]
    given, unknown = _columns(names, table, [_parquet_column(f"c{number}", kind) for number, kind in enumerate(types)])
    values = [
        f"CASE WHEN isfinite(c{number}) THEN to_json(c{number}) ELSE to_json(c{number}::VARCHAR) END"
        if kind in {"DOUBLE", "FLOAT"}
        else f"c{number}"
        for number, kind in enumerate(types)
    ]
    aliases = ", ".join(f"c{number}" for number in range(len(names)))
    relation = f"(SELECT row_number() OVER () AS _position, * FROM {read} AS delivered({aliases}))"
    return Rows(relation, given, _word_for_word(_json_object(names, values)), unknown=unknown)


def _top_level(schema: list[tuple[str, int | None]]) -> Iterable[str]:
    """The names of the columns as they stand in the file (DuckDB renames those that differ only in case)."""
    depth: list[int] = []  # children still to come, from the root inwards
    for label, children in schema:
        if len(depth) == 1:
            yield label
        if depth:
            depth[-1] -= 1
        if children:
            depth.append(children)
        while depth and depth[-1] == 0:
            depth.pop()


def _parquet_column(column: str, kind: str) -> Given:
    text = f"{column}::VARCHAR"
    if kind in {"VARCHAR", "UUID"} or kind.startswith("ENUM("):
        return Given(text, "text")
    if kind.endswith(("INT", "INTEGER")) or kind.startswith("DECIMAL(") or kind in {"DOUBLE", "FLOAT"}:
        return Given(text, "number")
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        return Given(text, "instant")
    if kind in {"BOOLEAN", "JSON"} or kind.endswith("]") or kind.startswith(("STRUCT(", "MAP(")):
        return Given(f"to_json({column})", "json")
    return Given(text, "other")


def _columns(names: list[str], table: Table, all_given: list[Given]) -> tuple[dict[str, Given], tuple[str, ...]]:
    """The columns that the contract knows, by their exact names (the first of doubles), and the names of the others."""
    known = {column.name for column in landing_columns(table)}
    given: dict[str, Given] = {}
    for label, column in zip(names, all_given, strict=True):
        if label in known:
            given.setdefault(label, column)
    return given, tuple(label for label in names if label and label not in known)


def _require(names: list[str], table: Table) -> None:
    missing = [column.name for column in table.columns if column.required and column.name not in names]
    if missing:
        raise InputError(f"lacks the required column{'s' * (len(missing) > 1)} {', '.join(missing)}")


def _json_object(names: list[str], values: list[str]) -> str:
    pairs = ", ".join(f"{literal(label)}, {value}" for label, value in zip(names, values, strict=True))
    return f"json_object({pairs})::VARCHAR"


def _word_for_word(text: str) -> str:
    """JSON as everybody reads it, else the text as a JSON string."""
    return f"CASE WHEN {strict_json(text)} THEN {text}::VARCHAR ELSE to_json({text}::VARCHAR)::VARCHAR END"
