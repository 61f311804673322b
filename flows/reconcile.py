"""The job `reconcile` as a flow."""

from __future__ import annotations

from prefect import flow

from flows import jobs
from flows.jobs import Result
from flows.jobs.under_prefect import as_task, patient, progress, show_verdict, verdict_shown
from flows.settings.requests import ReconcileRequest


@flow(name="reconcile", persist_result=False)
def reconcile(request: ReconcileRequest) -> Result:
    """Compare what sources report of a range of dates with ours, and publish both."""
    with verdict_shown():
        result = jobs.reconcile(patient(request), as_task, progress())
    show_verdict(result)
    return result
