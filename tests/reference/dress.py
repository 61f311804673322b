"""Typed rows as a source writes them: the many spellings of one value, and values that the contract refuses."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from tests.reference.landing import Row, columns, is_id

NO_IDS = ("NULL", "\\N", " ", "nan", "None", "undefined", "00000000-0000-0000-0000-000000000000", " null\t")
BROKEN: dict[str, tuple[Any, ...]] = {
    "string": (1.5, True, {"a": 1}, ["a"]),
    "integer": ("1.5", 1.5, "many", "1e3", " 1", True, 2**63, -1, "-1"),
    "decimal": ("-0.01", -1, "NaN", "Infinity", "1,50", "1e15", "99999999999999.99995", "12 ", False, "1_000"),
    "boolean": ("yes", 1, "t", 0),
    "timestamp": (
        *("yesterday", "2026-02-30", "2026-06-01T24:00:00Z", "2026-06-01T12:60Z", "1899-12-31T23:59:59Z", 1767225600),
        *(
            "2201-01-01",
            "2026-6-1",
            "20260601",
            "2026-06-01T12",
            "2026-06-01T10:00:00 UTC",
            "2200-12-31T23:00:00-02:00",
        ),
    ),
    "list<string>": ("[1.5]", "p1,p2", {"a": 1}, [["a"]], [True], 7, '{"a": 1}'),
}


def dressed(rng: random.Random, table: str, row: Row) -> Row:
    """The typed `row` as JSON values: nulls null, empty or missing; instants, numbers and lists in any spelling."""
    types = {column.name: column.type for column in columns(table)}
    ids = {column.name for column in columns(table) if is_id(column)}
    raw = {}
    for name, value in row.items():
        if value is None:
            if rng.random() < 0.5:
                raw[name] = rng.choice((None, "", *NO_IDS)) if name in ids else rng.choice((None, ""))
        else:
            raw[name] = spelled(rng, types.get(name, ""), value)
    if rng.random() < 0.02:
        raw["unknown_column"] = "ignored"
    return raw


def spelled(rng: random.Random, kind: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return instant(rng, value)
    if kind == "string" and isinstance(value, str) and value.isascii() and value.isdecimal():
        return rng.choice((value, int(value))) if str(int(value)) == value else value
    if kind == "integer" and type(value) is int and rng.random() < 0.3:
        return float(value) if rng.random() < 0.05 else str(value)
    if kind == "list<string>" and isinstance(value, list) and rng.random() < 0.2:
        return json.dumps(value)
    if kind == "decimal" and isinstance(value, str) and rng.random() < 0.3 and "." in value:
        return rng.choice((value + "0", "+" + value))
    if kind == "boolean" and type(value) is bool and rng.random() < 0.3:
        return rng.choice((str(value), str(value).upper(), str(value).lower()))
    return value


def instant(rng: random.Random, value: datetime) -> str:
    hours = rng.choice((0, 0, 5.5, -3, -9.5, 14))
    local = value.astimezone(timezone(timedelta(hours=hours)))
    if local.time().isoformat() == "00:00:00" and hours == 0 and rng.random() < 0.5:
        return local.date().isoformat()
    text = local.strftime("%Y-%m-%d" + rng.choice("T ") + "%H:%M:%S")
    if value.microsecond:
        text += f".{value.microsecond:06}" + rng.choice(("", "999", "5"))  # further digits are cut
    elif value.second == 0 and rng.random() < 0.2:
        text = text[:-3]
    if value.astimezone(UTC) == value and hours == 0:
        return text + rng.choice(("Z", "+00:00", ""))
    return text + local.strftime("%z")[:3] + ":" + local.strftime("%z")[3:]


def broken(rng: random.Random, table: str, row: Row) -> Row:
    """A copy of `row` that the contract refuses."""
    column = rng.choice([column for column in columns(table) if column.name != "account_id"])
    choices = list(BROKEN[column.type])
    if column.required:
        choices += [None, ""]
    if column.pattern:
        choices += [
            ["mon 9:00-18:00"],
            ["2026-02-30"],
            ["sun 900-900"],
            ["2026-11-01 0-1441"],
            [column.pattern.like, "?"],
        ]
    if column.values:
        choices += ["unheard of", column.values[0].upper(), f" {column.values[0]}"]
    return row | {column.name: rng.choice(choices)}
