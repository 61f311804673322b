"""How the kinds of files are read: each as a relation of rows in file order, for `landing.landed`.

Every reader works on a path of our own (a link or an unpacked copy), so that strangers' file names are never patterns.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from contract import Table
from flows.ground.errors import InputError
from flows.ground.sql import identifier, literal
from flows.lake.landing import Given, strict_json
from flows.sources.files import repair
from flows.sources.files.headers import matched, require

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


def jsonl(connection: duckdb.DuckDBPyConnection, path: Path, table: Table, longest: int, *, whole: bool = True) -> Rows:
    """One JSON object per line; blank lines are not rows; lines that are not JSON are refused, as JSON strings.

    `longest` is the longest line in bytes. `whole` false: which lines are JSON is found line by line, without DuckDB.
    """
    limit, cut = JSON_OBJECT_BYTES, list[int]()
    if longest > repair.LONGEST:
        path, cut = repair.shorten_jsonl(path)
    if longest > limit:
        limit = min(longest, repair.LONGEST) + 1024
    keys = _keys(connection, path, limit)
    if None in keys or not whole:
        lines = f"SELECT row_number() OVER () AS position, json FROM {_lines(path, limit)}"
        found = connection.execute(f"SELECT position FROM ({lines}) WHERE json IS NULL").fetchall()
        path, longest = repair.mend_jsonl(path, {position for (position,) in found} if whole else None)
        limit = max(limit, longest + 1024)
        keys = _keys(connection, path, limit)
    names = sorted(key for key in keys if key is not None)
    there = matched(names, table)
    structure = json.dumps(dict.fromkeys(there.values() or ["account_id"], "JSON"))
    too_long = f"CASE WHEN _position IN ({', '.join(map(str, cut))}) THEN {literal(repair.TOO_LONG)} END"
    not_an_object = "CASE WHEN NOT starts_with(_line, '{') THEN 'the line is not a JSON object' END"
    return Rows(
        f"(SELECT row_number() OVER () AS _position, json AS _line, "
        f"json_transform(json, {literal(structure)}) AS _object FROM {_lines(path, limit)})",
        {column: Given(_exact(label), "json") for column, label in there.items()},
        _word_for_word("_line"),
        f"coalesce({too_long}, {not_an_object})" if cut else not_an_object,
        _unknown(names, there),
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


def csv_rows(path: Path, table: Table, names: list[str], line_end: str) -> Rows:
    """A CSV file as RFC 4180 has it. Where rows are damaged or long DuckDB raises an error when it gets there."""
    columns = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(names)))
    read = (
        f"read_csv({literal(str(path))}, columns={{{columns}}}, header=true, auto_detect=false, "
        f"delim=',', quote='\"', escape='\"', new_line='{line_end}', max_line_size={CSV_LINE_BYTES}, "
        f"compression='none', hive_partitioning=false)"
    )
    given, unknown = _columns(names, table, _texts(names))
    relation = f"(SELECT row_number() OVER () AS _position, * FROM {read})"
    return Rows(relation, given, _csv_payload(names), unknown=unknown)


def mended_csv_rows(path: Path, table: Table, names: list[str], line_end: str) -> tuple[Rows, int]:
    """The same of a file with damaged rows, and their number: such rows stand as text in a column of their own, and
    are refused.
    """
    mended = path.with_name(f"mended-{path.name}")
    count = repair.mend_csv(repair.with_feeds(path) if line_end == "\\r" else path, mended, len(names))
    given, unknown = _columns(names, table, _texts(names))
    relation = (
        f"(SELECT row_number() OVER () AS _position, * "
        f"FROM read_parquet({literal(str(mended))}, hive_partitioning=false))"
    )
    rows = Rows(
        relation,
        given,
        f"CASE WHEN damaged IS NULL THEN {_csv_payload(names)} ELSE to_json(damaged) END",
        "CASE WHEN damaged IS NOT NULL THEN reason END",
        unknown,
    )
    return rows, count


def _texts(names: list[str]) -> list[Given]:
    return [Given(f"c{number}", "text") for number in range(len(names))]


def _csv_payload(names: list[str]) -> str:
    return _json_object(names, [f"coalesce(c{number}, '')" for number in range(len(names))])


def parquet(
    connection: duckdb.DuckDBPyConnection, path: Path, table: Table, partition: tuple[str, ...]
) -> tuple[Rows, int]:
    """A Parquet file, and its number of rows; raises InputError where it is broken or lacks required columns."""
    read = f"read_parquet({literal(str(path))}, hive_partitioning=false)"
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()
        schema = connection.execute(
            f"SELECT name, num_children, precision FROM parquet_schema({literal(str(path))})"
        ).fetchall()
        [(count,)] = connection.execute(f"SELECT num_rows FROM parquet_file_metadata({literal(str(path))})").fetchall()
    except duckdb.Error as error:
        raise InputError("is not a whole Parquet file") from error
    top = list(_top_level(schema))
    names = [label for label, _ in top]
    require(names, table, partition)
    types = [
        _TOO_WIDE if (digits or 0) > 38 else kind for (_, digits), (_, kind, *_) in zip(top, described, strict=True)
    ]
    given, unknown = _columns(names, table, [_parquet_column(f"c{number}", kind) for number, kind in enumerate(types)])
    values = [_parquet_member(f"c{number}", kind) for number, kind in enumerate(types)]
    aliases = ", ".join(f"c{number}" for number in range(len(names)))
    relation = f"(SELECT row_number() OVER () AS _position, * FROM {read} AS delivered({aliases}))"
    return Rows(relation, given, _word_for_word(_json_object(names, values)), unknown=unknown), count


# Decimals of more than 38 digits, which DuckDB reads as other numbers.
_TOO_WIDE = "decimal of more than 38 digits"


def _top_level(schema: list[tuple[str, int | None, int | None]]) -> Iterable[tuple[str, int | None]]:
    """The columns: their names as they stand in the file (DuckDB renames those that differ only in case), and the
    digits of decimals.
    """
    depth: list[int] = []  # children still to come, from the root inwards
    for label, children, digits in schema:
        if len(depth) == 1:
            yield label, digits
        if depth:
            depth[-1] -= 1
        if children:
            depth.append(children)
        while depth and depth[-1] == 0:
            depth.pop()


def _parquet_member(column: str, kind: str) -> str:
    """A value in the payload."""
    if kind == _TOO_WIDE:
        return _unread(column)
    if kind in {"DOUBLE", "FLOAT"}:
        return f"CASE WHEN isfinite({column}) THEN to_json({column}) ELSE to_json({column}::VARCHAR) END"
    return _decoded(column, kind) if kind in {"BLOB", "BLOB[]"} else column


def _unread(column: str) -> str:
    return f"CASE WHEN {column} IS NOT NULL THEN '{_TOO_WIDE}' END"


def _decoded(column: str, kind: str) -> str:
    """Texts without the mark UTF8, as some programs write them, as JSON; other bytes as an object: no text."""
    text = f"decode({column})" if kind == "BLOB" else f"list_transform({column}, lambda e: decode(e))"
    other = f"CASE WHEN {column} IS NOT NULL THEN json_object('bytes', {column}::VARCHAR) END"
    return f"coalesce(to_json(try({text})), {other})"


def _parquet_column(column: str, kind: str) -> Given:
    text = _unread(column) if kind == _TOO_WIDE else f"{column}::VARCHAR"
    if kind in {"BLOB", "BLOB[]"}:
        return Given(_decoded(column, kind), "json")
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
    """The columns that the contract knows (the first of doubles), and the names of the others."""
    there = matched(names, table)
    given = {column: all_given[names.index(label)] for column, label in there.items()}
    return given, _unknown(names, there)


def _unknown(names: Iterable[str], there: dict[str, str]) -> tuple[str, ...]:
    return tuple(label for label in names if label and label not in there.values())


def _json_object(names: list[str], values: list[str]) -> str:
    pairs = ", ".join(f"{literal(label)}, {value}" for label, value in zip(names, values, strict=True))
    return f"json_object({pairs})::VARCHAR"


def _word_for_word(text: str) -> str:
    """JSON as everybody reads it, else the text as a JSON string."""
    return f"CASE WHEN {strict_json(text)} THEN {text}::VARCHAR ELSE to_json({text}::VARCHAR)::VARCHAR END"
