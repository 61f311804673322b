"""The landing contract as SQL: whatever a source delivers, as typed columns and a verdict per row.

A source says for each column which SQL expression holds it and of which kind it is (`Given`); `landed`
answers with one SELECT for DuckDB. Nothing here runs anything. The session's time zone must be UTC.
The rules are the head of `contract/landing.yml` and rule 2.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from zoneinfo import available_timezones

from contract import Column, Pattern, Table
from contract.types import TYPES
from flows.ground.sql import identifier, literal

Kind = Literal["json", "text", "number", "instant", "other"]

_WHOLE = "[+-]?[0-9]+"
_PLAIN = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)"
_NUMBER = _PLAIN + "(?:[eE][+-]?[0-9]+)?"
_NUMBER_PARTS = r"^([+-]?)([0-9]*)\.?([0-9]*)(?:[eE]([+-]?[0-9]+))?$"
_HOUR_MINUTE = "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]"
_OFFSET = "(?:Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)?"
_SECONDS = rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}|{_HOUR_MINUTE}:[0-5][0-9](?:\.[0-9]+)?{_OFFSET}"
_NO_SECONDS = _HOUR_MINUTE + _OFFSET


# What programs write for an id that is not there (rule 2.5), in small letters. As an id it would join strangers.
_BLANKS = " \t\r\n"
_NO_IDS = (
    *("\\n", "null", "(null)", "nil", "nan", "none", "undefined", "n/a", "#n/a", "-"),
    *("<na>", "(none)", "(not set)", "[object object]"),
)
_SHORTENED = r"[+-]?[0-9]+([.,][0-9]+)?[eE]\+[0-9]+"  # of a long number, by a spreadsheet


@dataclass(frozen=True)
class Given:
    """A delivered column.

    `sql` is JSON text (kind json), the text itself (text), a number's digits (number), the text of a date or
    timestamp type (instant), or the text of a type that the contract does not know (other); null is null.
    """

    sql: str
    kind: Kind


# What the lake itself says of every row (the package's docstring).
_OWN_COLUMNS = (
    Column("_source", "string"),
    Column("_load", "integer"),
    Column("_file", "integer"),
    Column("_position", "integer"),
    Column("_loaded_at", "timestamp"),
    Column("_refused", "string"),
    Column("_payload", "json"),
)


def landing_columns(table: Table) -> tuple[Column, ...]:
    """What a table takes: the contract's columns in order, then `updated_at`."""
    return (*table.columns, Column("updated_at", "timestamp"))


def lake_columns(table: Table) -> tuple[Column, ...]:
    """What the files of a table in the lake have: what it takes, then what the lake says of every row."""
    return landing_columns(table) + _OWN_COLUMNS


# Columns that were integers in earlier versions of the contract, by table: files of those versions stay as they are.
WIDENED = {"order_lines": ("quantity",)}


def as_amount(number: str) -> str:
    """A number as the contract's decimal, in the SQL of either engine; too large a one becomes the greatest."""
    greatest = "99999999999999.9999"
    return f"cast(case when {number} > {greatest} then {greatest} else {number} end as decimal(18,4))"


def laid(table: Table, paths: Sequence[str]) -> str:
    """The rows of files of a table in the lake, as an item of a FROM with the columns and types of today.

    Columns that an older file does not have are null.
    """
    columns = {column.name: TYPES[column.type].duckdb for column in lake_columns(table)}
    nothing = f"SELECT {', '.join(f'null::{type_} AS {name}' for name, type_ in columns.items())} WHERE false"
    if not paths:
        return f"({nothing})"
    widened = ", ".join(f"{as_amount(one)} AS {one}" for one in WIDENED.get(table.name, ()))
    as_now = f"* REPLACE ({widened})" if widened else "*"
    files = ", ".join(map(literal, paths))
    read = "union_by_name = true, hive_partitioning = false"  # a home in a folder `date=…` has no such column
    return f"({nothing} UNION ALL BY NAME SELECT {as_now} FROM read_parquet([{files}], {read}))"


def landed(
    table: Table,
    relation: str,
    given: Mapping[str, Given],
    *,
    broken: str = "NULL",
    payload: str,
    keep: tuple[str, ...] = (),
    keeps_payload: bool = False,
) -> str:
    """A SELECT over `relation` (SQL of a FROM item) with the contract's columns, `updated_at`, the columns `keep`
    as they are, then `_refused` (null, or the reasons as one sentence) and `_payload`.

    `broken` gives the reason why a row could not even be read, else null; `payload` is the row as JSON text. It is
    kept for refused rows, for those that the build can refuse (orders for their currency: rule 2.2, new words:
    rule 2.6), and for all rows where `keeps_payload` says so.
    """
    columns = landing_columns(table)
    kinds = {column.name: given[column.name].kind for column in columns if column.name in given}
    here = [column for column in columns if column.name in kinds]
    raw = [f"({given[column.name].sql})::VARCHAR AS {_raw(column)}" for column in here]
    text = [f"{_text_of(column, kinds[column.name])} AS {_text(column)}" for column in here]
    ids = [f"{_without_placeholder(column)} AS {_text(column)}" for column in here if is_id(column)]
    replaced = f" REPLACE ({', '.join(ids)})" if ids else ""
    value = [f"{_value(column, kinds[column.name])} AS {_typed(column)}" for column in here]
    breaches = [breach for column in columns for breach in _breaches(column, kinds.get(column.name))]
    breaches += _breaches_of_the_row(table, kinds)
    anything = " OR ".join(f"({condition})" for condition, _ in breaches) or "false"
    reasons = ", ".join(f"CASE WHEN {condition} THEN {sentence} END" for condition, sentence in breaches) or "NULL"
    refused = f"CASE WHEN _broken IS NOT NULL THEN _broken WHEN {anything} THEN concat_ws('; ', {reasons}) END"
    results = [f"{_result(column, column.name in kinds)} AS {identifier(column.name)}" for column in columns]
    new = [f"{_typed(column)} NOT IN ({', '.join(map(literal, column.values))})" for column in here if column.open]
    refusable = " OR ".join(["_refused IS NOT NULL", *new])
    kept = payload if keeps_payload or table.name == "orders" else f"CASE WHEN {refusable} THEN {payload} END"
    return (
        f"SELECT {', '.join([*results, *map(identifier, keep)])}, _refused, {kept} AS _payload "
        f"FROM (SELECT *, {refused} AS _refused FROM (SELECT {', '.join(['*', *value])} "
        f"FROM (SELECT *{replaced} FROM (SELECT {', '.join(['*', *text])} "
        f"FROM (SELECT {', '.join(['*', *raw])}, {broken} AS _broken FROM {relation})))))"
    )


def is_id(column: Column) -> bool:
    """Whether the value names one of many things or people. An account's id is chosen by whoever delivers it."""
    return column.type == "string" and column.name.endswith(("_id", "email")) and column.name != "account_id"


def _without_placeholder(column: Column) -> str:
    """The text of an id, null where it stands for an id that is not there.

    0 does for a shopper, as shops give it to their guests; an order, a product or a message may be number 0.
    """
    text = _text(column)
    bare = f"trim({text}, {literal(_BLANKS)})"
    least = "" if column.name in {"visitor_id", "profile_id", "email"} else f" AND length({bare}) >= 32"
    words = ", ".join(map(literal, _NO_IDS))
    starts = {start for word in _NO_IDS for start in (word[0], word[0].upper())} | {*_BLANKS, *"0-."}
    first = literal("".join(sorted(starts)))
    is_one = f"lower({bare}) IN ({words}) OR {bare} = '' OR (trim({bare}, '0-.') = ''{least})"
    # Nearly all ids begin otherwise, and a CASE looks no further.
    return f"CASE WHEN NOT contains({first}, left({text}, 1)) THEN {text} WHEN NOT ({is_one}) THEN {text} END"


def _raw(column: Column) -> str:
    return identifier(f"{column.name} as given")


def _text(column: Column) -> str:
    return identifier(f"{column.name} as text")


def _typed(column: Column) -> str:
    return identifier(f"{column.name} as typed")


def _text_of(column: Column, kind: Kind) -> str:
    raw = _raw(column)
    if kind == "json":  # numbers stay as they are written: DuckDB would read them as doubles
        return f"CASE WHEN starts_with({raw}, '\"') THEN nullif({raw} ->> '$', '') WHEN {raw} <> 'null' THEN {raw} END"
    return f"nullif({raw}, '')"


def _value(column: Column, kind: Kind) -> str:
    """The typed value of a column, null where the text is not of its type."""
    raw, text = _raw(column), _text(column)
    sql_type = TYPES[column.type].duckdb
    if kind == "other" or (kind == "instant" and column.type != "timestamp"):
        return f"NULL::{sql_type}"
    is_text = f"starts_with({raw}, '\"')" if kind == "json" else str(kind == "text").lower()
    is_list = f"starts_with({raw}, '[')" if kind == "json" else "false"
    match column.type:
        case "string":
            found = f"CASE WHEN contains({text}, chr(0)) THEN NULL WHEN {is_text} THEN {text} ELSE {_digits(text)} END"
        case "integer":
            number = f"WHEN NOT {is_text} THEN {_digits(text)}"
            found = f"try_cast(CASE WHEN {_matches(text, _WHOLE)} THEN {text} {number} END AS {sql_type})"
        case "decimal":
            power = f"WHEN {_matches(text, _NUMBER)} THEN {_plain(text)}"
            found = f"try_cast(CASE WHEN {_matches(text, _PLAIN)} THEN {text} {power} END AS {sql_type})"
        case "boolean":
            found = f"CASE lower({text}) WHEN 'true' THEN true WHEN 'false' THEN false END"
        case "timestamp":
            filled = f"WHEN {_matches(text, _NO_SECONDS)} THEN {text}[:16] || ':00' || {text}[17:]"
            found = f"try_cast(CASE WHEN {_matches(text, _SECONDS)} THEN {text} {filled} END AS {sql_type})"
        case _:
            elements = f"CASE WHEN {is_list} THEN {text} WHEN {strict_json(text)} THEN {text} END"
            each = f"list_transform(from_json({elements}, '[\"JSON\"]'), lambda e: {_element('e')})"
            found = f"CASE WHEN {text} IS NOT NULL THEN {each} END"
    return found


def _element(element: str) -> str:
    """An element of a JSON list as text: '' for null, null where it is of the wrong type."""
    number = _digits(f"{element}::VARCHAR")
    text = f"WHEN starts_with({element}, '\"') THEN {element} ->> '$'"
    return f"CASE WHEN {element} IS NULL THEN '' {text} ELSE {number} END"


def _matches(text: str, pattern: str) -> str:
    return f"regexp_full_match({text}, {literal(pattern)})"


def _let(variable: str, value: str, body: str) -> str:
    return f"list_transform([{value}], lambda {variable}: {body})[1]"


def _plain(number: str) -> str:
    """A number's text without its exponent (DuckDB's own reading of exponents loses digits)."""
    parts = f"regexp_extract({number}, {literal(_NUMBER_PARTS)}, ['sign', 'whole', 'fraction', 'power'])"
    far = "CASE WHEN n.power = '' THEN 0 WHEN n.power[1] = '-' THEN -9999 ELSE 9999 END"
    power = f"greatest(-9999, least(9999, coalesce(try_cast(n.power AS INTEGER), {far})))"
    zeros = f"repeat('0', abs({power}))"
    digits = f"{zeros} || n.whole || n.fraction || {zeros}"
    point = f"abs({power}) + length(n.whole) + {power}"
    shifted = f"'0' || left({digits}, {point}) || '.' || substr({digits}, {point} + 1)"
    return _let("n", parts, f"n.sign || rtrim(regexp_replace({shifted}, '^0+([0-9])', '\\1'), '0')")


def _digits(number: str) -> str:
    """The digits of a number that has no fraction, null for every other text."""
    sign_and_digits = f"regexp_replace(regexp_extract({_plain(number)}, '^([+-]?[0-9]+)\\.?$', 1), '^-0$', '0')"
    return (
        f"CASE WHEN {_matches(number, '[0-9]+')} THEN {number} "
        f"WHEN {_matches(number, '[1-9][0-9]*[.]0*')} THEN regexp_extract({number}, '[0-9]+') "
        f"WHEN {_matches(number, _NUMBER)} THEN nullif({sign_and_digits}, '') END"
    )


def strict_json(text: str) -> str:
    """Whether a text is JSON as everybody reads it: DuckDB alone also takes NaN, infinities and trailing commas."""
    bare = f"""regexp_replace({text}, '"(?:[^"\\\\]|\\\\.)*"', '""', 'g')"""
    return f"(json_valid({text}) AND NOT regexp_matches({bare}, '(?i)nan|inf|,\\s*[\\]}}]'))"


def _result(column: Column, present: bool) -> str:
    default = "NULL" if column.default is None else literal(str(column.default))
    missing = f"{default}::{TYPES[column.type].duckdb}"
    if not present:
        return missing
    typed = _typed(column)
    if column.type == "timestamp":
        typed = f"CASE WHEN NOT {_out_of_years(typed)} THEN {typed} END"
    elif column.type == "list<string>":
        typed = f"CASE WHEN {typed} IS NOT NULL THEN nullif(list_filter({typed}, lambda t: t <> ''), []) END"
    return f"CASE WHEN {_text(column)} IS NULL THEN {missing} ELSE {typed} END"


def _out_of_years(typed: str) -> str:
    return f"({typed} < TIMESTAMPTZ '1900-01-01 00:00:00+00' OR {typed} >= TIMESTAMPTZ '2201-01-01 00:00:00+00')"


def _breaches(column: Column, kind: Kind | None) -> list[tuple[str, str]]:
    """(condition, sentence) pairs in SQL; kind None: the column was not delivered."""
    missing = literal(f"{column.name} is missing")
    if kind is None:
        return [("true", missing)] if column.required else []
    raw, text, typed = _raw(column), _text(column), _typed(column)

    def sentence(what: str) -> str:
        return _sentence(column, kind, what)

    found = []
    if column.required and is_id(column):
        is_empty = f"coalesce({raw} IN ('', '\"\"', 'null'), true)" if kind == "json" else f"coalesce({raw} = '', true)"
        said = f"{literal(f'{column.name} is a placeholder, not an id: ')} || {_short(column, kind, raw)}"
        found.append((f"{text} IS NULL", f"CASE WHEN {is_empty} THEN {missing} ELSE {said} END"))
    elif column.required:
        found.append((f"{text} IS NULL", missing))
    wrong = f"{text} IS NOT NULL AND {typed} IS NULL"
    nul = f"contains({text}, chr(0))"
    noun = TYPES[column.type].noun
    if column.type == "timestamp":
        noun = f"{noun} of the years 1900 to 2200"
        wrong = f"{wrong} OR {_out_of_years(typed)}"
    elif column.type == "list<string>":
        wrong = f"{wrong} OR len({typed}) > list_count({typed})"
        nul = f"(contains(array_to_string({typed}, ''), chr(0)) IS TRUE)"
    if column.type in {"string", "list<string>"}:
        found.append((nul, sentence("holds a NUL character")))
        wrong = f"({wrong}) AND NOT {nul}"
    found.append((wrong, sentence(f"is not {noun}")))
    if is_id(column) and kind in {"json", "text"}:
        is_text = f"starts_with({raw}, '\"')" if kind == "json" else "true"
        was_shortened = f"CASE WHEN contains({text}, '+') THEN {is_text} AND {_matches(text, _SHORTENED)} END"
        found.append((was_shortened, sentence("was shortened by a spreadsheet, which makes many ids one")))
    if column.values and not column.open:
        allowed = ", ".join(map(literal, column.values))
        found.append((f"{typed} NOT IN ({allowed})", sentence(f"is not one of {', '.join(column.values)}")))
    if column.minimum is not None:
        found.append((f"{typed} < {column.minimum}", sentence(f"is less than {column.minimum}")))
    if column.maximum is not None:
        found.append((f"{typed} > {column.maximum}", sentence(f"is greater than {column.maximum}")))
    return found + _breaches_of_a_pattern(column, kind)


def _breaches_of_a_pattern(column: Column, kind: Kind) -> list[tuple[str, str]]:
    if column.pattern is None:
        return []
    typed, unlike = _typed(column), f"is not like {column.pattern.like}"
    if column.type != "list<string>":
        return [(_misfits(typed, column.pattern), _sentence(column, kind, unlike))]
    first = f"list_filter({typed}, lambda e: e <> '' AND {_misfits('e', column.pattern)})[1]"
    said = f"{literal(f'{column.name} has an element that {unlike}: ')} || {_short(column, 'text', first)}"
    return [(f"{first} IS NOT NULL", said)]


def _misfits(text: str, pattern: Pattern) -> str:
    """Whether a text does not fit a pattern; null where it is null."""
    fits = _matches(text, pattern.regex)
    if pattern.rising:
        first, second = (f"regexp_extract({text}, {literal(pattern.regex)}, {group})" for group in (1, 2))
        fits = f"({fits} AND coalesce(try_cast({first} AS BIGINT) < try_cast({second} AS BIGINT), true))"
    return f"NOT {fits}"


def _sentence(column: Column, kind: Kind, what: str) -> str:
    return f"{literal(f'{column.name} {what}: ')} || {_short(column, kind, _text(column))}"


def _short(column: Column, kind: Kind, text: str) -> str:
    """A value as reasons show it; `text` is what the value is if it is not JSON."""
    shown = {"json": f"{_raw(column)}::VARCHAR", "number": _raw(column)}.get(kind, f"to_json({text})::VARCHAR")
    return f"CASE WHEN length({shown}) > 80 THEN left({shown}, 80) || '…' ELSE {shown} END"


def _breaches_of_the_row(table: Table, kinds: Mapping[str, Kind]) -> list[tuple[str, str]]:
    """What is not of one column alone: a time zone that exists, and a line whose revenue can be published."""
    if table.name in {"accounts", "business_hours"} and "timezone" in kinds:
        zone = table.column("timezone")
        ours = ", ".join(map(literal, sorted(available_timezones())))
        engines = "(SELECT list(name) FROM pg_timezone_names())"
        known = f"({_typed(zone)} IN ({ours}) AND list_contains({engines}, {_typed(zone)}))"
        return [(f"NOT {known}", _sentence(zone, kinds["timezone"], "is not a known time zone"))]
    if table.name == "order_lines" and {"quantity", "unit_price"} <= kinds.keys():
        quantity, price = _typed(table.column("quantity")), _typed(table.column("unit_price"))
        too_large = f"{quantity}::DECIMAL(19,4) * {price} > 99999999999999.9999"
        return [(too_large, f"'quantity × unit_price does not fit decimal(18,4): ' || {quantity} || ' × ' || {price}")]
    return []
