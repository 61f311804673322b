"""The main job as a flow: pull, build, check, publish."""

from __future__ import annotations

from prefect import flow

from flows.jobs import stages
from flows.jobs.stages import Result
from flows.jobs.steps import Ask
from flows.jobs.under_prefect import as_task, progress, show_figures, show_verdict, verdict_shown


@flow(name="run", persist_result=False)
def run(
    *,
    home: str | None = None,
    config: str | None = None,
    source: list[str] | None = None,
    path: str | None = None,
    as_of: str | None = None,
    full_refresh: bool = False,
    max_rejected_share: float | None = None,
    max_volume_drop: float | None = None,
    engine: str | None = None,
    warehouse: list[str] | None = None,
) -> Result:
    """What is left empty is as configured; the run fails where the gate closes (rule 9.1)."""
    ask = Ask(
        home,
        config,
        source or [],
        path,
        as_of,
        full_refresh,
        max_rejected_share,
        max_volume_drop,
        engine=engine,
        warehouse=warehouse or [],
    )
    with verdict_shown():
        result = stages.run(ask, as_task, progress())
    show_verdict(result)
    show_figures(ask, result)
    return result
