"""The job `topics` as a flow."""

from __future__ import annotations

from prefect import flow

from flows import jobs
from flows.jobs import Result
from flows.jobs.under_prefect import as_task, patient, progress, show_verdict, verdict_shown
from flows.settings.requests import TopicsRequest


@flow(name="topics", persist_result=False)
def topics(request: TopicsRequest = TopicsRequest()) -> Result:
    """Group all questions anew, keeping the ids of topics (rule 8.2), and publish what passed."""
    with verdict_shown():
        result = jobs.topics(patient(request), as_task, progress())
    show_verdict(result)
    return result
