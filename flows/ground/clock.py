"""Instants as text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload


@overload
def utc_text(instant: datetime) -> str: ...


@overload
def utc_text(instant: datetime | None) -> str | None: ...


def utc_text(instant: datetime | None) -> str | None:
    """ISO text of an instant, in UTC, with Z."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z") if instant else None
