"""The command `agent-metrics events send`."""

from __future__ import annotations

import typer

from flows.command.console import Console
from flows.command.deliveries_shown import delivery_lines
from flows.command.options import command
from flows.settings.requests import EventsRequest

app = typer.Typer(help="The four events of conversations, for other systems.", add_completion=False)


@app.callback()
def _group() -> None:
    """The four events of conversations, for other systems."""


@command(app, EventsRequest)
def send(request: EventsRequest, console: Console) -> int:
    """Send the four events of known shoppers to the destinations of the settings, each event once.

    A destination gets what happens from its first send on. With --backfill it
    also gets what was before, marked so that it starts no flow there. 5 where
    a destination refused a message or did not answer.
    """
    from flows.jobs import deliveries  # noqa: PLC0415  only what delivers needs it

    with console.working() as progress:
        done = deliveries.events(request, progress)
    console.show(done.to_json_dict(), delivery_lines(done))
    return done.exit_status
