"""The stage `topics` as a flow."""

from __future__ import annotations

from prefect import flow

from flows.jobs import stages
from flows.jobs.stages import Result
from flows.jobs.steps import Ask
from flows.jobs.under_prefect import as_task, progress, show_verdict, verdict_shown


@flow(name="topics", persist_result=False)
def topics(
    *,
    home: str | None = None,
    config: str | None = None,
    as_of: str | None = None,
    engine: str | None = None,
    warehouse: list[str] | None = None,
) -> Result:
    """Group all questions anew, keeping the ids of topics (rule 8.2), and publish what passed."""
    ask = Ask(home, config, as_of=as_of, engine=engine, warehouse=warehouse or [])
    with verdict_shown():
        result = stages.topics(ask, as_task, progress())
    show_verdict(result)
    return result
