"""The stage `check` as a flow."""

from __future__ import annotations

from prefect import flow

from flows import stages
from flows.orchestration import as_task, progress, show_verdict, verdict_shown
from flows.stages import Result
from flows.steps import Ask


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
