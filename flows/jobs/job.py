"""A job: one verb at work on one home."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flows import warehouses
from flows.ground.home import Home
from flows.ground.progress import Progress, Silent
from flows.lake import Lake
from flows.settings import Settings
from flows.settings.requests import Request
from flows.warehouses import Warehouse


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
        return Lake(self.home.lake, self.settings.lake)


def begun(request: Request, progress: Progress | None = None) -> Job:
    """The job that is asked for. Raises InputError where the settings are wrong."""
    return Job(request.settings(), progress or Silent())


@contextmanager
def holding_home(job: Job) -> Iterator[Job]:
    """Hold the home of the job for its whole time. Raises HomeBusy."""
    with job.home.lock():
        yield job
