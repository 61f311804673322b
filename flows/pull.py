"""The job `pull` as a flow."""

from __future__ import annotations

from prefect import flow

from flows import jobs
from flows.jobs import Result
from flows.jobs.under_prefect import as_task, patient, progress
from flows.settings.requests import PullRequest


@flow(name="pull", persist_result=False)
def pull(request: PullRequest = PullRequest()) -> Result:
    """Load what the sources have that is new."""
    return jobs.pull(patient(request), as_task, progress())
