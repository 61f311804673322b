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


def utc_second(instant: datetime | None) -> str:
    """The second in which an instant lies, for people to read: ISO in UTC with Z, a dash where there is none."""
    return utc_text(instant.replace(microsecond=0)) if instant else "–"
