"""The delivery of segments as a flow."""

from __future__ import annotations

from prefect import flow

from flows.jobs import deliveries
from flows.jobs.deliveries import Deliveries
from flows.jobs.under_prefect import cautious, patient, progress, show_deliveries
from flows.settings.requests import SyncRequest

PLANNED = SyncRequest(dry_run=True)


@flow(name="segments", persist_result=False)
def segments(request: SyncRequest = PLANNED) -> Deliveries:
    """Give lists the same members as segments; unless told otherwise it only says what it would do."""
    return show_deliveries(deliveries.segments(patient(cautious(request)), progress()))
