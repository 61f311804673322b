"""A job: one verb at work on one home."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

from flows import warehouses
from flows.ground.build import Build
from flows.ground.errors import HomeBusy
from flows.ground.home import Home
from flows.ground.progress import Progress, Silent
from flows.lake import Lake
from flows.settings import Settings
from flows.settings.requests import Request
from flows.warehouses import Warehouse

SECONDS_BETWEEN_TRIES = 1.0  # of whoever waits for a home


@dataclass(frozen=True)
class Job:
    """What every step of a job works with: the installation, and who wants to know how far the work has come."""

    settings: Settings
    progress: Progress

    @property
    def home(self) -> Home:
        return Home(self.settings.home)

    @property
    def warehouses(self) -> list[Warehouse]:
        return warehouses.configured(self.settings)

    @property
    def lake(self) -> Lake:
        built = Build.read(self.home)
        return Lake(self.home.lake, self.settings.lake, above=built.loads_up_to if built else 0)


def begun(request: Request, progress: Progress | None = None) -> Job:
    """The job that is asked for. Raises InputError where the settings are wrong."""
    return Job(request.settings(), progress or Silent())


@contextmanager
def holding_home(job: Job, wait: float | None) -> Iterator[Job]:
    """Hold the home of the job for its whole time; wait up to `wait` minutes for another run to leave it.

    Raises HomeBusy.
    """
    with holding(job, job.home.lock, wait):
        yield job


@contextmanager
def holding(job: Job, lock: Callable[[], AbstractContextManager[None]], wait: float | None) -> Iterator[None]:
    """Hold a lock of the home; wait up to `wait` minutes for whoever has it. Raises HomeBusy."""
    with ExitStack() as held:
        _take(job, lock, time.monotonic() + 60 * (wait or 0), held)
        yield


def _take(job: Job, lock: Callable[[], AbstractContextManager[None]], until: float, held: ExitStack) -> None:
    is_waiting = False
    while True:
        try:
            held.enter_context(lock())
        except HomeBusy as busy:
            left = until - time.monotonic()
            if left <= 0:
                raise
            if not is_waiting:
                job.progress.start(f"Waiting, because {busy.what}")
                is_waiting = True
            time.sleep(min(left, SECONDS_BETWEEN_TRIES))
        else:
            break
    if is_waiting:
        job.progress.finish()
