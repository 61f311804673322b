"""The job `check` as a flow."""

from __future__ import annotations

from prefect import flow

from flows import jobs
from flows.jobs import Result
from flows.jobs.under_prefect import as_task, patient, progress, show_verdict, verdict_shown
from flows.settings.requests import CheckRequest


@flow(name="check", persist_result=False)
def check(request: CheckRequest = CheckRequest()) -> Result:
    """Check the whole candidate; the flow run fails where the gate closes."""
    with verdict_shown():
        result = jobs.check(patient(request), as_task, progress())
    show_verdict(result)
    return result
