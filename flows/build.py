"""The stage `build` as a flow."""

from __future__ import annotations

from prefect import flow

from flows.jobs import stages
from flows.jobs.stages import Result
from flows.jobs.steps import Ask
from flows.jobs.under_prefect import as_task, progress


@flow(name="build", persist_result=False)
def build(
    *,
    home: str | None = None,
    config: str | None = None,
    as_of: str | None = None,
    full_refresh: bool = False,
    engine: str | None = None,
) -> Result:
    """Derive the candidate from the lake."""
    return stages.build(Ask(home, config, as_of=as_of, full_refresh=full_refresh, engine=engine), as_task, progress())
