"""The value of a cursor column as text that keeps its type, so that it can be bound again; pure functions."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from flows.ground.errors import SourceRefused

# datetime before date, which it is derived from; bool, derived from int, is not a cursor
_KINDS: dict[str, tuple[type, Any]] = {
    "timestamp": (datetime, datetime.fromisoformat),
    "date": (date, date.fromisoformat),
    "integer": (int, int),
    "decimal": (Decimal, Decimal),
    "float": (float, float),
    "uuid": (UUID, UUID),
    "bytes": (bytes, bytes.fromhex),  # row versions
    "text": (str, str),
}


def written(value: Any, column: str) -> str:
    """The value as text. Raises SourceRefused for a type that has no order that all databases share."""
    for kind, (type_, _) in _KINDS.items():
        if isinstance(value, type_) and not isinstance(value, bool):
            said = {"timestamp": "isoformat", "date": "isoformat", "bytes": "hex"}.get(kind, "__str__")
            return f"{kind} {getattr(value, said)()}"
    remedy = "name a column of timestamps, numbers or texts"
    raise SourceRefused(f"the cursor {column} is of the type {type(value).__name__}", remedy=remedy)


def read(text: str) -> Any:
    """What `written` has written."""
    kind, _, value = text.partition(" ")
    return _KINDS[kind][1](value)


def utc(value: Any) -> datetime | None:
    """An instant; a timestamp without a time zone is in UTC; None for what is none."""
    if not isinstance(value, datetime):
        return None
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
