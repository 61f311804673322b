"""The commands `agent-metrics handoffs …`: tickets for those who were promised a person."""

from __future__ import annotations

from typing import Annotated

import typer
from pydantic import Field, field_validator

from flows.command import handoffs_shown
from flows.command.console import Console
from flows.command.deliveries_shown import delivery_lines
from flows.command.options import command
from flows.delivery.handoffs.listing import STATES, handoff, handoffs
from flows.ground.errors import InputError
from flows.settings.requests import HandoffsRequest, HomeRequest, Names, OfAccount, Option, WarehouseRequest

app = typer.Typer(help="Hand-offs to the team: tickets that are made, wait or were refused.", add_completion=False)


class ListRequest(OfAccount, WarehouseRequest):
    """Hand-offs, of one account or of all."""

    state: str | None = Field(default=None, description=f"Only those that are {', '.join(STATES)}.")
    limit: int = Field(default=20, ge=1, description="Most hand-offs to show, those that wait longest first.")

    @field_validator("state")
    @classmethod
    def _known(cls, state: str | None) -> str | None:
        if state is not None and state not in STATES:
            raise ValueError(f"there is no state '{state}'; there are: {', '.join(STATES)}")
        return state


class ShowRequest(OfAccount, WarehouseRequest):
    """One hand-off."""

    conversation: Annotated[str, Option(metavar="CONVERSATION", is_argument=True)] = Field(
        description="Id of its conversation."
    )


class RetryRequest(OfAccount, WarehouseRequest, HomeRequest):
    """Hand-offs that were refused or wait for their next try."""

    conversations: Annotated[Names | None, Option(metavar="CONVERSATION", is_argument=True)] = Field(
        default=None, description="Ids of conversations, instead of all of them."
    )


@command(app, HandoffsRequest)
def create(request: HandoffsRequest, console: Console) -> int:
    """Make a ticket for each shopper who accepted a hand-off and has none yet, each once.

    5 where a helpdesk refused a ticket or did not answer; what waits and
    is not wanted any more by then gets no ticket.
    """
    from flows.jobs import deliveries  # noqa: PLC0415  only what delivers needs it

    with console.working() as progress:
        done = deliveries.handoffs(request, progress)
    console.show(done.to_json_dict(), delivery_lines(done))
    return done.exit_status


@command(app, ListRequest, "list")
def list_handoffs(request: ListRequest, console: Console) -> int:
    """Hand-offs: which wait for an email or a ticket, which have one, which were refused or dropped, and why."""
    found = handoffs(request.settings(), request.account, request.state, request.limit)
    console.show({**found.to_json_dict(), "exit_status": 0}, handoffs_shown.handoff_lines(found))
    return 0


@command(app, ShowRequest)
def show(request: ShowRequest, console: Console) -> int:
    """One hand-off: where it stands and why, and the ticket as the team reads it."""
    found = handoff(request.settings(), request.account, request.conversation)
    console.show({**found.to_json_dict(), "exit_status": 0}, handoffs_shown.one_lines(found))
    return 0


@command(app, RetryRequest)
def retry(request: RetryRequest, console: Console) -> int:
    """Let hand-offs that were refused or wait for their next try go with the next run: mend the reason first."""
    from flows.jobs import deliveries  # noqa: PLC0415  only what delivers needs it

    number = deliveries.retry(request, request.conversations, request.account)
    if request.conversations and not number:
        what = "no hand-off of these conversations was refused or waits for its next try"
        raise InputError(what, remedy="`agent-metrics handoffs list` shows how each stands")
    console.show({"retried": number, "exit_status": 0}, handoffs_shown.retried_lines(number))
    return 0
