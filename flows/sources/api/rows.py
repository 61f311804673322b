"""Rows of landing tables from a source's records; a record that has another shape than is known stands alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from pydantic import ValidationError

T = TypeVar("T")

# What reading a record raises where it is not as it was described: none of them says that our own rows are wrong.
UNEXPECTED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class Misshapen(ValueError):
    """A record is not what the source's documentation says; its text says in which way."""


class Absent(Misshapen):
    """What a record cannot do without is not there."""


@dataclass(frozen=True)
class Row:
    """A row of a landing table, and the source's own record that it comes from.

    `refused` says why nothing could be made of the record. `only_if_known`: the row is written only where an earlier
    one with its key was, as of an order that is none any more.
    """

    table: str
    values: Mapping[str, Any]
    record: Any
    refused: str | None = None
    only_if_known: bool = False


def rows_of(table: str, account: str, record: Any, made: Callable[[], Iterable[Row]]) -> list[Row]:
    """What `made` makes of a record, or the record as a refused row of `table` where it cannot be read (rule 2.2)."""
    try:
        return list(made())
    except UNEXPECTED as error:
        return [Row(table, {"account_id": account}, record, refused=reason(error))]


def parts_of(
    table: str, account: str, records: Iterable[Any], made: Callable[[Any], Iterable[T]]
) -> tuple[list[T], list[Row]]:
    """What `made` makes of records, of each one by itself; what cannot be read is a refused row of `table`."""
    parts, refused = list[T](), list[Row]()
    for record in records:
        try:
            parts += made(record)
        except UNEXPECTED as error:
            refused.append(Row(table, {"account_id": account}, record, refused=reason(error)))
    return parts, refused


def line_ids(order_id: str, ids: Iterable[str]) -> list[str]:
    """`orders.order_line_ids` of an order that has these lines; without any, an id that no line has."""
    return list(ids) or [f"no-line-of:{order_id}"]


def reason(error: Exception) -> str:
    """Why a record could not be read, as a sentence."""
    if isinstance(error, ValidationError):
        return _first(error)
    if isinstance(error, Misshapen):
        return str(error)
    return f"the record has a shape that is not known ({type(error).__name__})"


def _first(error: ValidationError) -> str:
    """The first thing that does not fit, with the way to it, such as `lines.0.total 'twenty' is not a number`."""
    found = error.errors(include_url=False)[0]
    where = ".".join(map(str, found["loc"]))
    raised = found.get("ctx", {}).get("error")
    if found["type"] == "missing" or isinstance(raised, Absent):
        return f"it has no {where}"
    what = str(raised) if isinstance(raised, Misshapen) else f"{str(found['input'])[:40]!r}: {found['msg']}"
    return f"{where} {what}".strip()


def decimal(value: Any) -> Decimal:
    """The number; nothing counts as 0. Raises Misshapen where it is not a number."""
    if value is None or value == "":
        return Decimal(0)
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        found = Decimal("nan")
    if isinstance(value, bool) or not found.is_finite():
        raise Misshapen(f"{str(value)[:40]!r} is not a number")
    return found


def instant_of(value: Any) -> str | None:
    """A time as ISO text, from seconds since 1970 or from ISO text (UTC where it has no offset); 0 is none.

    Raises Misshapen where it is not a time.
    """
    if value is None or value == "" or (value == 0 and not isinstance(value, bool)):
        return None
    if not isinstance(value, bool) and re.fullmatch(r"\d{1,11}(\.\d+)?", str(value)):
        return datetime.fromtimestamp(float(value), UTC).isoformat()
    try:
        found = datetime.fromisoformat(str(value))
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):  # the first day of the year 1 has no time in UTC where the offset is positive
        raise Misshapen(f"{str(value)[:40]!r} is not a time") from None


def text_of(value: Any) -> str | None:
    """A text or a number as text (9001.0 is 9001), null where there is nothing. Raises Misshapen for other things."""
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise Misshapen(f"{str(value)[:40]!r} is not a text")


def listed(value: Any) -> list[Any]:
    """The records of a list, also where there is one record alone, or nothing."""
    return value if isinstance(value, list) else [value] if value else []
