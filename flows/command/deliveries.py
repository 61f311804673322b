"""The commands `agent-metrics deliveries …`: how deliveries are, what was refused, and trying it again."""

from __future__ import annotations

from typing import Annotated

import typer
from pydantic import Field

from flows.command import deliveries_shown
from flows.command.console import Console
from flows.command.options import command
from flows.delivery.health import dead, health
from flows.delivery.ledger import Ledger
from flows.ground.errors import InputError
from flows.ground.home import Home
from flows.settings.requests import HomeRequest, Names, OfAccount, Option

app = typer.Typer(help="Deliveries to other systems: how they are, and what was refused.", add_completion=False)


@command(app, OfAccount, "list")
def list_deliveries(request: OfAccount, console: Console) -> int:
    """Every delivery that is switched on: when it was last made, what waits, and what should be looked at."""
    settings = request.settings()
    accounts = [one for one in settings.accounts if request.account in {None, one.account_id}]
    found = health(accounts, Home(settings.home).deliveries)
    document = {"deliveries": [one.to_json_dict() for one in found], "exit_status": 0}
    console.show(document, deliveries_shown.health_lines(found))
    return 0


@command(app, OfAccount)
def failed(request: OfAccount, console: Console) -> int:
    """The messages that were refused, or failed too often, with the reason. --json has their contents."""
    with Ledger(Home(request.settings().home).deliveries, is_read_only=True) as ledger:
        found = dead(ledger, request.account)
    console.show({"messages": found, "exit_status": 0}, deliveries_shown.dead_lines(found))
    return 0


class ReplayRequest(OfAccount, HomeRequest):
    """Messages that were refused."""

    messages: Annotated[Names | None, Option(metavar="MESSAGE", is_argument=True)] = Field(
        default=None, description="Ids of messages, as `deliveries failed` shows them, instead of all."
    )


@command(app, ReplayRequest)
def replay(request: ReplayRequest, console: Console) -> int:
    """Let messages that were refused go again with the next delivery: mend the reason first."""
    from flows.jobs import deliveries  # noqa: PLC0415  only what delivers needs it

    number = deliveries.replay(request, request.messages, request.account)
    if request.messages and not number:
        raise InputError("no message of these ids was refused", remedy="`agent-metrics deliveries failed` shows them")
    console.show({"replayed": number, "exit_status": 0}, deliveries_shown.replayed_lines(number))
    return 0
