"""The job `publish` as a flow."""

from __future__ import annotations

from prefect import flow

from flows import jobs
from flows.jobs import Result
from flows.jobs.under_prefect import as_task, patient, progress, show_figures
from flows.settings.requests import PublishRequest


@flow(name="publish", persist_result=False)
def publish(request: PublishRequest = PublishRequest()) -> Result:
    """Publish the candidate that passed."""
    result = jobs.publish(patient(request), as_task, progress())
    show_figures(request, result)
    return result
