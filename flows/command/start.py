"""Where a job runs: as a Prefect flow where a server keeps the history, else in this process."""

from __future__ import annotations

import importlib
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from flows import jobs
from flows.command.console import Console
from flows.ground.extras import needing
from flows.ground.progress import Progress
from flows.jobs import Result
from flows.jobs.calls import Call, directly
from flows.settings import prefect_api_url
from flows.settings.requests import (
    BuildRequest,
    CheckRequest,
    CompactRequest,
    PublishRequest,
    PullRequest,
    ReconcileRequest,
    Request,
    RunRequest,
    TopicsRequest,
)

SECONDS_TO_ANSWER = 3

R_contra = TypeVar("R_contra", bound=Request, contravariant=True)
R = TypeVar("R", bound=Request)


class JobFunction(Protocol[R_contra]):
    """A job as a plain function."""

    def __call__(self, request: R_contra, /, call: Call = ..., progress: Progress | None = ...) -> Result: ...


@dataclass(frozen=True)
class Verb(Generic[R]):
    """A job that can also run as the flow of the same name."""

    name: str
    job: JobFunction[R]

    def flow(self) -> Callable[[R], Result]:
        """The flow in the file of that name; imports Prefect."""
        flow: Callable[[R], Result] = getattr(importlib.import_module(f"flows.{self.name}"), self.name)
        return flow


RUN: Verb[RunRequest] = Verb("run", jobs.run)
PULL: Verb[PullRequest] = Verb("pull", jobs.pull)
BUILD: Verb[BuildRequest] = Verb("build", jobs.build)
CHECK: Verb[CheckRequest] = Verb("check", jobs.check)
PUBLISH: Verb[PublishRequest] = Verb("publish", jobs.publish)
TOPICS: Verb[TopicsRequest] = Verb("topics", jobs.topics)
RECONCILE: Verb[ReconcileRequest] = Verb("reconcile", jobs.reconcile)
COMPACT: Verb[CompactRequest] = Verb("compact", jobs.compact)


def start(console: Console, verb: Verb[R], request: R) -> Result:
    """Do what the verb says. Prefect is imported only where a server answers."""
    with console.working() as progress:
        if _has_server(console):
            with needing("prefect", "a run under the server of PREFECT_API_URL"):
                flow = verb.flow()
            return flow(request)
        return verb.job(request, directly, progress)


def answers(url: str) -> bool:
    """Whether a server answers there within a few seconds, whatever it says."""
    try:
        address = f"{url.rstrip('/')}/health"
        with urllib.request.urlopen(address, timeout=SECONDS_TO_ANSWER):  # noqa: S310  the user's own address
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):  # no such address, refused, too slow, or no address at all
        return False


def _has_server(console: Console) -> bool:
    url = prefect_api_url()
    if url is None:
        return False
    if not answers(url):  # figures matter more than their history
        console.say("Warning: the server of PREFECT_API_URL does not answer; this run leaves no history there.")
        return False
    return True
