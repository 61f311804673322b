"""Keeping within a source's limits: so many calls in so many seconds, and the pauses it asks for."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence

from flows.ground.errors import SourceUnavailable

SLACK = 0.05  # seconds that a window lasts longer here: calls travel unevenly
LONGEST = 900.0  # seconds; who is told to wait for longer gives up, and goes on in the next run


class Pace:
    """Lets a call through when every limit, `(calls, seconds)`, has room for it, and no pause is on.

    `waiting` is told the seconds of a wait that people notice, before it begins.
    """

    def __init__(
        self,
        source: str,
        limits: Sequence[tuple[int, float]],
        waiting: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._source = source
        self._recent = [(deque[float](maxlen=calls), seconds) for calls, seconds in limits]
        self._not_before = 0.0
        self._waiting = waiting

    def wait(self) -> None:
        """Return once a call may be made. Raises SourceUnavailable where that would take too long."""
        due = self._not_before
        for recent, seconds in self._recent:
            if len(recent) == recent.maxlen:
                due = max(due, recent[0] + seconds + SLACK)
        pause = due - time.monotonic()
        if pause > LONGEST:
            what = f"{self._source} asks to wait for {pause / 60:.0f} minutes"
            raise SourceUnavailable(what, remedy="the next run goes on where this run stopped")
        if pause > 0:
            if pause >= 1:
                self._waiting(pause)
            time.sleep(pause)
        for recent, _ in self._recent:
            recent.append(time.monotonic())

    def pause(self, seconds: float) -> None:
        """No call for so long: the source has said so."""
        self._not_before = max(self._not_before, time.monotonic() + seconds)
