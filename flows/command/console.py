"""What the command line says and where: results on stdout, progress and errors on stderr."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import rich.console
from rich.console import RenderableType
from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from flows.ground import errors
from flows.ground.errors import AgentMetricsError
from flows.ground.interrupts import INTERRUPTS
from flows.ground.progress import Lines, Progress
from flows.ground.text import clean

WIDE = 200  # columns of a table where nobody looks at a terminal


class Bars:
    """Progress as bars on a terminal."""

    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars
        self._steps: list[TaskID] = []

    def start(self, what: str, total: int | None = None) -> None:
        INTERRUPTS.raise_if_heard()
        self._steps.append(self._bars.add_task(clean(what), total=total, at=""))

    def advance(self, units: int = 1, what: str | None = None) -> None:
        if self._steps:
            self._bars.update(self._steps[-1], advance=units, at=clean(what or "")[:60])

    def finish(self) -> None:
        if self._steps:
            step = self._steps.pop()
            total = self._bars.tasks[self._bars.task_ids.index(step)].total or 1
            self._bars.update(step, total=total, completed=total, at="")


class Terminal(rich.console.Console):
    """One that leaves it to the printer to notice that its reader has gone; rich would end the process."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


class _Handler(logging.Handler):
    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(clean(record.getMessage()))


class Console:
    """Where a command writes: `as_json` puts one JSON document on stdout and nothing else there."""

    def __init__(self, *, as_json: bool, is_debugging: bool) -> None:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):  # a name that the terminal cannot show is not a reason to fail
                stream.reconfigure(errors="backslashreplace")
        self.as_json = as_json
        self.is_debugging = is_debugging
        self._out = Terminal(file=sys.stdout, width=None if sys.stdout.isatty() else WIDE, emoji=False)
        self._err = Terminal(file=sys.stderr, emoji=False)

    @contextmanager
    def working(self) -> Iterator[Progress]:
        """Progress for as long as the work lasts; what the work prints by itself goes to stderr."""
        # on the root: what libraries warn of is shown too, and none of them puts up a handler of its own
        log, handler = logging.getLogger(), _Handler(self.say)
        log.addHandler(handler)
        try:
            with INTERRUPTS.listening(), contextlib.redirect_stdout(sys.stderr):
                if not self._err.is_terminal:
                    yield Lines(self.say)
                    return
                columns = (
                    TextColumn("{task.description}", markup=False),
                    BarColumn(),
                    TaskProgressColumn(),
                    TimeElapsedColumn(),
                    TextColumn("{task.fields[at]}", markup=False),
                )
                with RichProgress(*columns, console=self._err, redirect_stdout=False, redirect_stderr=False) as bars:
                    yield Bars(bars)
        finally:
            log.removeHandler(handler)

    def say(self, text: str) -> None:
        """A line for people, on stderr."""
        with _readers_may_leave(self._err):
            self._err.print(text, markup=False, highlight=False, soft_wrap=True)

    def show(self, document: dict[str, Any], lines: Iterable[RenderableType]) -> None:
        """The result: the document where JSON is asked for, the lines else."""
        with _readers_may_leave(self._out):
            if self.as_json:
                self._out.file.write(json.dumps(document, indent=2, default=str) + "\n")
            else:
                for line in lines:
                    self._out.print(line, markup=False, highlight=False, soft_wrap=isinstance(line, str))
            self._out.file.flush()

    def fail(self, error: BaseException, status: int, document: dict[str, Any] | None = None) -> int:
        """One sentence on stderr, with a traceback only for those who debug; the same as JSON where that is asked for.

        `document` is what the JSON says beside the error.
        """
        if self.is_debugging:
            self.say("".join(traceback.format_exception(error)))
        facts: dict[str, str | None] = {}
        if isinstance(error, AgentMetricsError):
            facts = {"what": error.what, "where": error.where, "remedy": error.remedy}
        kind = next((one.__name__ for one in type(error).__mro__ if one.__module__ == errors.__name__), "Interrupted")
        sentence = " ".join(str(error).split()) or type(error).__name__
        self.say(f"Error: {clean(sentence)}")
        if self.as_json:
            details = {"kind": kind, "message": sentence, **facts}
            self.show({**(document or {}), "error": details, "exit_status": status}, ())
        return status


@contextmanager
def _readers_may_leave(terminal: Terminal) -> Iterator[None]:
    """A reader that closes the pipe, as `head` does, is not an error."""
    try:
        yield
    except BrokenPipeError:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), terminal.file.fileno())
