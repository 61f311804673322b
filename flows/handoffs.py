"""The creation of tickets as a flow."""

from __future__ import annotations

from prefect import flow

from flows.jobs import deliveries
from flows.jobs.deliveries import Deliveries
from flows.jobs.under_prefect import cautious, patient, progress, show_deliveries
from flows.settings.requests import HandoffsRequest

PLANNED = HandoffsRequest(dry_run=True)


@flow(name="handoffs", persist_result=False)
def handoffs(request: HandoffsRequest = PLANNED) -> Deliveries:
    """Make the tickets of hand-offs; unless told otherwise it only says what it would do."""
    return show_deliveries(deliveries.handoffs(patient(cautious(request)), progress()))
