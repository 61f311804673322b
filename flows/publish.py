"""The stage `publish` as a flow."""

from __future__ import annotations

from prefect import flow

from flows.jobs import stages
from flows.jobs.stages import Result
from flows.jobs.steps import Ask
from flows.jobs.under_prefect import as_task, progress, show_figures


@flow(name="publish", persist_result=False)
def publish(
    home: str | None = None, config: str | None = None, resume: bool = False, warehouse: list[str] | None = None
) -> Result:
    """Publish the candidate that passed; `resume` ends the hold that going back began."""
    ask = Ask(home, config, resume=resume, warehouse=warehouse or [])
    result = stages.publish(ask, as_task, progress())
    show_figures(ask, result)
    return result
