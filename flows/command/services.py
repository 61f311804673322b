"""Processes that run beside each other for as long as one command does, and end with it."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from flows.ground.errors import AgentMetricsError

PATIENCE = 20.0  # seconds for a process to end after it was asked to
BETWEEN_LOOKS = 0.3  # seconds
LAST_LINES = 15  # of a log, of a process that has ended by itself
ENDS_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux


class Service:
    """A process that stays; what it says goes to its log, which begins anew."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("w", encoding="utf-8") as said:
            # a session of its own: Ctrl-C of the terminal reaches this command alone, which ends the others in turn
            self._process = subprocess.Popen(  # noqa: S603  our own commands
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509  no thread runs yet
            )

    def has_ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._process.poll() is not None

    def failure(self) -> AgentMetricsError:
        """That it has ended, in its own last words."""
        last = self.log.read_text("utf-8", "replace").splitlines()[-LAST_LINES:]
        what = f"the {self.name} has ended ({self._process.returncode}): {' | '.join(line for line in last if line)}"
        return AgentMetricsError(what, where=str(self.log), remedy="the others were ended, too")

    def end(self) -> None:
        """End it and every process below it. SIGINT is what all of them know: a worker of Prefect outlives SIGTERM."""
        import psutil  # noqa: PLC0415  only this command needs it

        below = psutil.Process(self._process.pid).children(recursive=True) if not self.has_ended() else []
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _, left = psutil.wait_procs(below, timeout=1)
        for one in left:
            one.terminate()
        _, left = psutil.wait_procs(left, timeout=PATIENCE / 2)
        for one in left:
            one.kill()


class Services:
    """The services of one command; leaving `running` ends them, the last one first."""

    def __init__(self) -> None:
        self._services: list[Service] = []
        self._is_asked_to_end = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Hear Ctrl-C, SIGTERM and the end of the terminal from here on, and end all services at the end."""
        before = {one: signal.signal(one, self._hear) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            yield
        finally:
            for service in reversed(self._services):
                service.end()
            for one, handler in before.items():
                signal.signal(one, handler)

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Service:
        """Start a service."""
        service = Service(name, command, environment, folder)
        self._services.append(service)
        return service

    def wait(self, until: Callable[[], bool] = lambda: False) -> bool:
        """Wait until something is true; False if the command is asked to end before that.

        Raises AgentMetricsError if a service ends by itself.
        """
        while not self._is_asked_to_end:
            if until():
                return True
            for service in self._services:
                if service.has_ended():
                    raise service.failure()
            time.sleep(BETWEEN_LOOKS)
        return False

    def _hear(self, _signal: int, _frame: FrameType | None) -> None:
        self._is_asked_to_end = True


def _end_with_parent() -> None:
    """In the new process: end it also where its parent is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(ENDS_WITH_PARENT, signal.SIGINT)
