"""The main job as a flow: pull, build, check, publish."""

from __future__ import annotations

from prefect import flow

from flows import jobs
from flows.jobs import Result
from flows.jobs.under_prefect import as_task, patient, progress, show_figures, show_verdict, verdict_shown
from flows.settings.requests import RunRequest


@flow(name="run", persist_result=False)
def run(request: RunRequest = RunRequest()) -> Result:
    """Pull, build, check, publish; the flow run fails where the gate closes (rule 9.1)."""
    with verdict_shown():
        result = jobs.run(patient(request), as_task, progress())
    show_verdict(result)
    show_figures(request, result)
    return result
