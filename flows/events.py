"""The delivery of events as a flow."""

from __future__ import annotations

from prefect import flow

from flows.jobs import deliveries
from flows.jobs.deliveries import Deliveries
from flows.jobs.under_prefect import cautious, patient, progress, show_deliveries
from flows.settings.requests import EventsRequest

PLANNED = EventsRequest(dry_run=True)


@flow(name="events", persist_result=False)
def events(request: EventsRequest = PLANNED) -> Deliveries:
    """Send the four events; unless told otherwise it only says what it would do."""
    return show_deliveries(deliveries.events(patient(cautious(request)), progress()))
