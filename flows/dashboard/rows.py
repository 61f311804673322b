"""Lists of rows: which part of one is shown, and the conversation that stands open beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flows.dashboard.look import Look
from flows.ground.errors import AgentMetricsError, InputError
from flows.published.thread import thread
from flows.published.words import terms

PAGE, FEW = 25, 10  # rows of a list that is a section, and of one among others


@dataclass(frozen=True)
class Part:
    """The rows `first` to `last` of `total`, counted from 1, and the addresses of those before and after.

    `is_lost` says that the address asked for a place that the list does not have.
    """

    first: int
    last: int
    total: int
    before: str | None
    after: str | None
    is_lost: bool


def offset(look: Look, total: int) -> int:
    """Where the list begins; at its beginning where the address asks for more than there is."""
    return look.at if look.at is not None and look.at < total else 0


def part(look: Look, total: int, rows: int) -> Part:
    at = offset(look, total)
    before = look.here(at=str(max(0, at - rows)) if at > rows else None) if at else None
    after = look.here(at=str(at + rows)) if at + rows < total else None
    is_lost = look.at is None or look.at != at
    return Part(at + 1 if total else 0, min(at + rows, total), total, before, after, is_lost)


def opened(look: Look) -> dict[str, Any]:
    """The conversation that the address names, whole, for the panel of a section; else why it cannot be shown."""
    wanted = look.query.get("conversation")
    if not wanted:
        return {"thread": None, "no_thread": ""}
    try:
        found = thread(look.reader, look.account, wanted)
    except InputError:
        return {"thread": None, "no_thread": look.say("The newest publication has no such conversation.")}
    except AgentMetricsError:
        return {"thread": None, "no_thread": look.say("This conversation cannot be read now.")}
    sees = look.reader.sees("metrics.messages", "text")
    return {"thread": found, "no_thread": "", "sees_texts": sees, "marked": _marking(look.query.get("words", ""))}


def _marking(words: str) -> Callable[[str], Iterator[tuple[str, bool]]]:
    """Parts of a text, each with whether it is one of the words that are looked for."""
    wanted = terms(words)
    place = re.compile("|".join(f"(?:{one})" for one in wanted)) if wanted else None

    def marked(text: str) -> Iterator[tuple[str, bool]]:
        at = 0
        for found in place.finditer(text) if place else ():
            yield text[at : found.start()], False
            yield found[0], True
            at = found.end()
        yield text[at:], False

    return marked
