"""Progress of a long step, as rooms report it; who shows it (a bar, a log, nobody) is decided outside."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from flows.ground.interrupts import INTERRUPTS
from flows.ground.text import clean

SECONDS_BETWEEN_LINES = 10.0


class Progress(Protocol):
    def start(self, what: str, total: int | None = None) -> None:
        """A step begins: `what` it is, and how many units it has if that is known."""

    def advance(self, units: int = 1, what: str | None = None) -> None:
        """`units` of the step are done; `what` is at work now."""

    def finish(self) -> None:
        """The step is over."""


class Silent:
    """Shows nothing."""

    def start(self, what: str, total: int | None = None) -> None:  # noqa: ARG002
        return

    def advance(self, units: int = 1, what: str | None = None) -> None:  # noqa: ARG002
        return

    def finish(self) -> None:
        return


class Lines:
    """Progress as a few lines of a log, for those who have no terminal."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._steps: list[tuple[str, int | None, float]] = []
        self._done = 0
        self._said_at = 0.0

    def start(self, what: str, total: int | None = None) -> None:
        INTERRUPTS.raise_if_heard()
        self._steps.append((what, total, time.monotonic()))
        self._done, self._said_at = 0, time.monotonic()
        self._say(f"{clean(what)} …")

    def advance(self, units: int = 1, what: str | None = None) -> None:
        self._done += units
        if self._steps and time.monotonic() - self._said_at >= SECONDS_BETWEEN_LINES:
            self._said_at = time.monotonic()
            step, total, _ = self._steps[-1]
            share = f" {min(self._done / total, 1):.0%}" if total else ""
            self._say(f"{clean(step)}{share}{f': {clean(what)}' if what else ''}")

    def finish(self) -> None:
        if self._steps:
            step, _, started = self._steps.pop()
            self._say(f"{clean(step)}: {time.monotonic() - started:.1f} s")
