"""Text for people: strangers' text made harmless for a terminal, numbers with their nouns."""

from __future__ import annotations


def clean(text: object) -> str:
    """The text with characters that could steer a terminal made visible; names and values come from strangers."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in str(text))


def one_line(text: str) -> str:
    """The text in one line, without the signs that steer terminals or turn the direction of reading."""
    flat = " ".join(text.split())
    return "".join(sign for sign in flat if sign.isprintable() or sign in "\u200c\u200d")


def counted(count: int, one: str, many: str | None = None) -> str:
    """The number with its noun: 1 order, 2 orders."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
