"""Texts for people, in English, that the page says in other languages: the text and its values are kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from flows.ground.clock import utc_text


@dataclass(frozen=True)
class Text:
    """A text with `%(name)s` for each of its values; `str` writes it in English.

    A float is a share, 0.5 for 50 %; a datetime is an instant in UTC; a tuple is a list, with commas between. Where
    there is a text for `several` things, the value `count` is their number.
    """

    one: str
    values: Mapping[str, Value] = field(default_factory=dict)
    several: str = ""

    @classmethod
    def of(cls, text: str, **values: Value) -> Text:
        """The text with these values."""
        return cls(text, values)

    @classmethod
    def many(cls, count: int, one: str, several: str, **values: Value) -> Text:
        """The text for so many, in which `%(count)s` is the number."""
        return cls(one, {"count": count, **values}, several)

    def __str__(self) -> str:
        said = self.several if self.several and self.values["count"] != 1 else self.one
        return said % {name: _in_english(value) for name, value in self.values.items()} if self.values else said


Value = str | int | float | Decimal | date | Text | tuple["Value", ...]  # a datetime is a date


def _in_english(value: Value) -> str:
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, date):
        return f"{value.day} {value:%b %Y}"
    if isinstance(value, float):
        return f"{value:.0%}"
    if isinstance(value, tuple):
        return ", ".join(map(_in_english, value))
    if isinstance(value, Decimal):
        return f"{value:,f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
