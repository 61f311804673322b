"""The stage `reconcile` as a flow."""

from __future__ import annotations

from prefect import flow

from flows.jobs import stages
from flows.jobs.stages import Result
from flows.jobs.steps import Ask
from flows.jobs.under_prefect import as_task, progress, show_verdict, verdict_shown


@flow(name="reconcile", persist_result=False)
def reconcile(
    *,
    first: str,
    last: str,
    home: str | None = None,
    config: str | None = None,
    account: str | None = None,
    engine: str | None = None,
    warehouse: list[str] | None = None,
) -> Result:
    """Hold what sources report of the dates `first` to `last`, both included, against ours, and publish both."""
    ask = Ask(home, config, engine=engine, warehouse=warehouse or [], account=account, first=first, last=last)
    with verdict_shown():
        result = stages.reconcile(ask, as_task, progress())
    show_verdict(result)
    return result
