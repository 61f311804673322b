"""The job `build` as a flow."""

from __future__ import annotations

from prefect import flow

from flows import jobs
from flows.jobs import Result
from flows.jobs.under_prefect import as_task, patient, progress
from flows.settings.requests import BuildRequest


@flow(name="build", persist_result=False)
def build(request: BuildRequest = BuildRequest()) -> Result:
    """Derive the candidate from the lake."""
    return jobs.build(patient(request), as_task, progress())
