"""The delivery of follow-ups as a flow."""

from __future__ import annotations

from prefect import flow

from flows.jobs import deliveries
from flows.jobs.deliveries import Deliveries
from flows.jobs.under_prefect import cautious, patient, progress, show_deliveries
from flows.settings.requests import FollowUpsRequest

PLANNED = FollowUpsRequest(dry_run=True)


@flow(name="follow_ups", persist_result=False)
def follow_ups(request: FollowUpsRequest = PLANNED) -> Deliveries:
    """Send the follow-ups that are due; unless told otherwise it only says what it would do."""
    return show_deliveries(deliveries.follow_ups(patient(cautious(request)), progress()))
