"""Ctrl-C, which must end a command whatever a library makes of it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 10.0  # seconds for the work to end after Ctrl-C
INTERRUPTED = 130  # exit status


class Interrupts:
    """Ctrl-C, also where a library makes another error of it, or none: DuckDB does both, once in a while.

    Work that does not end then is left: dbt has been seen to wait for a thread that had ended. What a killed process
    leaves is swept by the next run, and the system frees its locks.
    """

    def __init__(self) -> None:
        self.is_heard = False
        self._last_word: threading.Timer | None = None

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
            if self._last_word:
                self._last_word.cancel()

    def raise_if_heard(self) -> None:
        """Called where a step begins. Raises KeyboardInterrupt if one was heard and swallowed."""
        if self.is_heard:
            raise KeyboardInterrupt

    def _hear(self, _signal: int, _frame: object) -> None:
        self.is_heard = True
        if self._last_word is None or not self._last_word.is_alive():
            self._last_word = threading.Timer(PATIENCE, _leave)
            self._last_word.daemon = True
            self._last_word.start()
        raise KeyboardInterrupt


def _leave() -> None:
    os.write(2, b"Error: interrupted; the last publication stands\n")
    os._exit(INTERRUPTED)


INTERRUPTS = Interrupts()  # a process has one keyboard
