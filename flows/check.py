"""The stage `check` as a flow."""

from __future__ import annotations

from prefect import flow

from flows.jobs import stages
from flows.jobs.stages import Result
from flows.jobs.steps import Ask
from flows.jobs.under_prefect import as_task, progress, show_verdict, verdict_shown


@flow(name="check", persist_result=False)
def check(
    home: str | None = None,
    config: str | None = None,
    max_rejected_share: float | None = None,
    max_volume_drop: float | None = None,
    warehouse: list[str] | None = None,
) -> Result:
    """Check the whole candidate; the run fails where the gate closes."""
    ask = Ask(
        home,
        config,
        max_rejected_share=max_rejected_share,
        max_volume_drop=max_volume_drop,
        warehouse=warehouse or [],
    )
    with verdict_shown():
        result = stages.check(ask, as_task, progress())
    show_verdict(result)
    return result
