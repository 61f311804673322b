"""Where a stage runs: as a Prefect flow where a server keeps the history, else in this process."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from flows import settings as configuration
from flows.command.console import Console
from flows.command.doctor import answers
from flows.jobs import stages
from flows.jobs.stages import Result
from flows.jobs.steps import Ask


def start(console: Console, stage: str, **asked: Any) -> Result:
    """Run `stage` with what is asked, the fields of `Ask`. Prefect is imported only where a server answers."""
    with console.working() as progress:
        if _has_server(console):
            flow: Any = getattr(importlib.import_module(f"flows.{'pipeline' if stage == 'run' else stage}"), stage)
            result: Result = flow(**asked)
            return result
        work: Callable[..., Result] = getattr(stages, stage)
        return work(Ask(**asked), progress=progress)


def _has_server(console: Console) -> bool:
    url = configuration.prefect_api_url()
    if url is None:
        return False
    if not answers(url):  # no history is no reason to have no figures
        console.say("Warning: the server of PREFECT_API_URL does not answer; this run leaves no history there.")
        return False
    return True
