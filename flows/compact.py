"""The stage `compact` as a flow."""

from __future__ import annotations

from prefect import flow

from flows import stages
from flows.orchestration import as_task, progress
from flows.stages import Result
from flows.steps import Ask


@flow(name="compact", persist_result=False)
def compact(home: str | None = None, config: str | None = None) -> Result:
    """Rewrite the small files of many loads into few large ones; runs may go on beside it."""
    return stages.compact(Ask(home, config), as_task, progress())
