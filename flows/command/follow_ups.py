"""The commands `agent-metrics follow-ups …`: who is to hear from the shop because no order came, and sending it."""

from __future__ import annotations

import typer
from pydantic import Field, field_validator

from flows.command import follow_ups_shown
from flows.command.console import Console
from flows.command.deliveries_shown import delivery_lines
from flows.command.options import command
from flows.published.follow_ups import STATES, follow_ups
from flows.settings.requests import FollowUpsRequest, OfAccount, WarehouseRequest
from flows.warehouses import configured

app = typer.Typer(help="Follow-ups on recommendations that no order came of.", add_completion=False)


class ListRequest(OfAccount, WarehouseRequest):
    """Follow-ups, of one account or of all."""

    state: str | None = Field(default=None, description=f"Only those that are {', '.join(STATES)}.")
    limit: int = Field(default=20, ge=1, description="Most follow-ups to show, those that are due last first.")

    @field_validator("state")
    @classmethod
    def _known(cls, state: str | None) -> str | None:
        if state is not None and state not in STATES:
            raise ValueError(f"there is no state '{state}'; there are: {', '.join(STATES)}")
        return state


@command(app, ListRequest, "list")
def list_follow_ups(request: ListRequest, console: Console) -> int:
    """Follow-ups: how many are due, sent, cancelled or not reachable and why, and some of them."""
    with configured(request.settings())[0].read() as reader:
        found = follow_ups(reader, request.account, request.state, request.limit)
    console.show({**found.to_json_dict(), "exit_status": 0}, follow_ups_shown.follow_up_lines(found))
    return 0


@command(app, FollowUpsRequest)
def send(request: FollowUpsRequest, console: Console) -> int:
    """Send the follow-ups that are due to the destinations of the settings, each once.

    5 where a destination refused a message or did not answer; what waits and
    is not due any more by then is not sent.
    """
    from flows.jobs import deliveries  # noqa: PLC0415  only what delivers needs it

    with console.working() as progress:
        done = deliveries.follow_ups(request, progress)
    console.show(done.to_json_dict(), delivery_lines(done))
    return done.exit_status
