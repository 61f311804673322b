"""The commands that say how the installation is: what is published and next, and what keeps it from working."""

from __future__ import annotations

import typer

from flows.command.console import Console
from flows.command.finding import exit_status
from flows.command.options import command
from flows.command.status import status as status_of
from flows.command.status_shown import status_lines
from flows.ground.home import Home
from flows.settings.requests import WarehouseRequest
from flows.warehouses import configured

app = typer.Typer(add_completion=False)


@command(app, WarehouseRequest)
def status(request: WarehouseRequest, console: Console) -> int:
    """What is published, what is next, and what was refused."""
    settings = request.settings()
    found = status_of(Home(settings.home), configured(settings), settings.accounts)
    console.show(found.to_json_dict(), status_lines(found))
    return 0


@command(app, WarehouseRequest)
def doctor(request: WarehouseRequest, console: Console) -> int:
    """Find what keeps this installation from working, and what to do about it."""
    from flows.command.doctor import examine  # noqa: PLC0415  what reads needs nothing of what works

    with console.working() as progress:
        findings = examine(request, progress)
    document = {"findings": [vars(finding) for finding in findings], "exit_status": exit_status(findings)}
    console.show(document, (finding.line() for finding in findings))
    return exit_status(findings)
