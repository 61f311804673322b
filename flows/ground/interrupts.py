"""Ctrl-C, which must end a command whatever a library makes of it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupts:
    """Ctrl-C, also where a library makes another error of it, or none: DuckDB does both, once in a while."""

    def __init__(self) -> None:
        self.is_heard = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear Ctrl-C for as long as the work lasts."""
        self.is_heard = False
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._hear)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def raise_if_heard(self) -> None:
        """Called where a step begins. Raises KeyboardInterrupt if one was heard and swallowed."""
        if self.is_heard:
            raise KeyboardInterrupt

    def _hear(self, _signal: int, _frame: object) -> None:
        self.is_heard = True
        raise KeyboardInterrupt


INTERRUPTS = Interrupts()  # a process has one keyboard
