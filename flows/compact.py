"""The job `compact` as a flow."""

from __future__ import annotations

from prefect import flow

from flows import jobs
from flows.jobs import Result
from flows.jobs.under_prefect import as_task, progress
from flows.settings.requests import CompactRequest


@flow(name="compact", persist_result=False)
def compact(request: CompactRequest = CompactRequest()) -> Result:
    """Rewrite the small files of many loads into few large files; runs may go on beside it."""
    return jobs.compact(request, as_task, progress())
