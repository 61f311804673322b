"""The stage `pull` as a flow."""

from __future__ import annotations

from prefect import flow

from flows.jobs import stages
from flows.jobs.stages import Result
from flows.jobs.steps import Ask
from flows.jobs.under_prefect import as_task, progress


@flow(name="pull", persist_result=False)
def pull(
    home: str | None = None, config: str | None = None, source: list[str] | None = None, path: str | None = None
) -> Result:
    """Load what the sources have that is new."""
    return stages.pull(Ask(home, config, source or [], path), as_task, progress())
