"""The stage `compact` as a flow."""

from __future__ import annotations

from prefect import flow

from flows.jobs import stages
from flows.jobs.stages import Result
from flows.jobs.steps import Ask
from flows.jobs.under_prefect import as_task, progress


@flow(name="compact", persist_result=False)
def compact(home: str | None = None, config: str | None = None) -> Result:
    """Rewrite the small files of many loads into few large ones; runs may go on beside it."""
    return stages.compact(Ask(home, config), as_task, progress())
