"""Progress of a long step, as rooms report it; who shows it (a bar, a log, nobody) is decided outside."""

from __future__ import annotations

from typing import Protocol


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
