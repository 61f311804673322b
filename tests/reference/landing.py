"""landing.yml, read by hand: what is taken for each type, and which rows are refused (rule 2.2)."""

from __future__ import annotations

import json
import re
import zoneinfo
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import cache
from typing import Any

from contract import Column, landing

Row = dict[str, Any]

WIDE = Context(prec=120)
FOUR_PLACES = Decimal("0.0001")
LARGEST = Decimal(10) ** 14  # decimal(18,4) has 14 digits before the point
TIMESTAMP = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?", re.ASCII
)
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


SHORTENED = re.compile(r"[+-]?\d+([.,]\d+)?[eE]\+\d+", re.ASCII)
NO_IDS = {
    r"\n",
    "null",
    "(null)",
    "nil",
    "nan",
    "none",
    "undefined",
    "n/a",
    "#n/a",
    "-",
    "<na>",
    "(none)",
    "(not set)",
    "[object object]",
}


class Refused(ValueError):
    """The row breaks landing.yml; the text says where."""


def whole(value: object) -> int | None:
    """The whole number that a JSON or Parquet number stands for; None if it has a fraction or is not a number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return int(value)
    return None


def string(value: object) -> str | None:
    if isinstance(value, str):
        if "\0" in value:
            raise Refused("text that holds a NUL character")
        return value or None
    number = whole(value)
    if number is None:
        raise Refused("not a string")
    return str(number)


def integer(value: object) -> int:
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]+", value):
        value = int(value)
    number = whole(value)
    if number is None or not -(2**63) <= number < 2**63:
        raise Refused("not an integer")
    return number


def decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise Refused("not a decimal")
    text = str(value)  # of a float: its shortest text
    if not NUMBER.fullmatch(text):
        raise Refused("not a decimal")
    try:
        number = Decimal(text).quantize(FOUR_PLACES, ROUND_HALF_UP, context=WIDE)
    except InvalidOperation:
        raise Refused("a decimal that does not fit") from None
    if abs(number) >= LARGEST:
        raise Refused("a decimal that does not fit")
    return abs(number) if number == 0 else number


def boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise Refused("not a boolean")


def timestamp(value: object) -> datetime:
    if isinstance(value, datetime):
        instant = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    elif isinstance(value, date):
        instant = datetime(value.year, value.month, value.day, tzinfo=UTC)
    elif isinstance(value, str) and (found := TIMESTAMP.fullmatch(value)):
        year, month, day, hour, minute, second, fraction, zone = found.groups()
        hours, minutes, seconds = (int(part or 0) for part in (hour, minute, second))
        microsecond = int(((fraction or "") + "000000")[:6])
        try:
            local = datetime(int(year), int(month), int(day), hours, minutes, seconds, microsecond, offset(zone))
            instant = local.astimezone(UTC)
        except (ValueError, OverflowError):
            raise Refused("not a timestamp") from None
    else:
        raise Refused("not a timestamp")
    if not 1900 <= instant.year <= 2200:
        raise Refused("a timestamp out of range")
    return instant


def offset(text: str | None) -> timezone:
    if text in {None, "Z"}:
        return UTC
    assert text is not None
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    if minutes > 59:
        raise ValueError(text)
    return timezone((-1 if text[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))


def list_of_strings(value: object) -> list[str] | None:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise Refused("not a list") from None
    if not isinstance(value, list | tuple):
        raise Refused("not a list")
    elements = [string(element) for element in value if element is not None]
    return [element for element in elements if element is not None] or None


READERS = {
    "string": string,
    "integer": integer,
    "decimal": decimal,
    "boolean": boolean,
    "timestamp": timestamp,
    "list<string>": list_of_strings,
}


def is_interval(text: str) -> bool:
    """Whether it is minutes after midnight, from and to."""
    found = re.fullmatch(r"(\d{1,4})-(\d{1,4})", text, re.ASCII)
    return found is not None and int(found[1]) < int(found[2]) <= 1440


def is_of_a_weekday(element: str) -> bool:
    day, _, minutes = element.partition(" ")
    return day in {"mon", "tue", "wed", "thu", "fri", "sat", "sun"} and is_interval(minutes)


def is_of_a_date(element: str) -> bool:
    day, blank, minutes = element.partition(" ")
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", day, re.ASCII)
    longest = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return (
        found is not None
        and 1900 <= int(found[1]) < 2200
        and 1 <= int(found[2]) <= 12
        and 1 <= int(found[3]) <= longest[int(found[2]) - 1]
        and (not blank or is_interval(minutes))
    )


INTERVALS = {"weekly": is_of_a_weekday, "overrides": is_of_a_date}  # of `business_hours`, rule 13.3
UPDATED_AT = Column("updated_at", "timestamp")


@cache
def zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def read(table: str, raw: Row) -> Row:
    """The typed row that `raw` stands for, `updated_at` included. Raises Refused (rule 2.2)."""
    row = {column.name: read_value(column, raw.get(column.name)) for column in columns(table)}
    if table == "accounts" and row["timezone"] not in zones():
        raise Refused("timezone: unknown")
    if table == "business_hours" and row["timezone"] is not None and row["timezone"] not in zones():
        raise Refused("timezone: unknown")
    if table == "order_lines" and WIDE.multiply(row["quantity"], row["unit_price"]) > LARGEST - FOUR_PLACES:
        raise Refused("quantity times unit_price does not fit")
    return row


@cache
def columns(table: str) -> tuple[Column, ...]:
    return (*landing()[table].columns, UPDATED_AT)


def is_id(column: Column) -> bool:
    """Of one of many things or people; who delivers an account chooses its id."""
    name = column.name
    return column.type == "string" and name != "account_id" and (name.endswith("_id") or name == "email")


def is_placeholder(column: Column, value: object) -> bool:
    """Whether a value stands for an id that is not there (rule 2.5)."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return False
    text = str(value).strip(" \t\r\n")
    is_of_a_shopper = column.name in {"visitor_id", "profile_id", "email"}
    is_zero = not text.strip("0-.") and (is_of_a_shopper or len(text) >= 32)
    return not text or is_zero or text.lower() in NO_IDS


def read_value(column: Column, value: object) -> Any:
    result: Any
    if is_id(column):
        if is_placeholder(column, value):
            value = None
        elif isinstance(value, str) and SHORTENED.fullmatch(value):
            raise Refused(f"{column.name}: shortened by a spreadsheet")
    try:
        # Empty text is null, and a default stands for a missing, null or empty value.
        result = None if value is None or value == "" else READERS[column.type](value)
        if result is None and column.default is not None:
            result = READERS[column.type](column.default)
    except Refused as reason:
        raise Refused(f"{column.name}: {reason}") from None
    if result is None:
        if column.required:
            raise Refused(f"{column.name}: missing")
        return None
    if column.values and result not in column.values:
        raise Refused(f"{column.name}: unknown value")
    if is_read := INTERVALS.get(column.name):
        for element in result:
            if not is_read(element):
                raise Refused(f"{column.name}: {element} cannot be read")
    if column.minimum is not None and result < column.minimum:
        raise Refused(f"{column.name}: below {column.minimum}")
    if column.maximum is not None and result > column.maximum:
        raise Refused(f"{column.name}: above {column.maximum}")
    return result
