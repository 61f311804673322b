"""The command that serves the page."""

from __future__ import annotations

from typing import Annotated

import typer
from pydantic import Field

from flows.command.console import Console
from flows.command.options import command
from flows.delivery.handoffs.book import Entry, refused_of
from flows.delivery.health import Health, health
from flows.ground.checked import Checked
from flows.ground.home import Home
from flows.settings import credentials
from flows.settings.requests import Listening, Option, WarehouseRequest
from flows.warehouses import configured

app = typer.Typer(add_completion=False)


class DashboardRequest(Listening, WarehouseRequest):
    """The page."""

    port: int = Field(default=2718, ge=0, le=65535, description="0 is any free port.")
    opens: Annotated[bool, Option("--open")] = Field(default=False, description="Open it in the browser.")


@command(app, DashboardRequest)
def dashboard(request: DashboardRequest, console: Console) -> int:
    """Serve the page of figures, conversations, gaps and sales, until interrupted."""
    from flows.dashboard.access import Tokens  # noqa: PLC0415  only this command needs it
    from flows.dashboard.look import Installation  # noqa: PLC0415
    from flows.dashboard.server import serve  # noqa: PLC0415

    settings = request.settings()
    read = configured(settings)[0]

    def ready(address: str) -> None:
        lines = (f"Dashboard  {address}", f"Reads      {read}", "Ctrl-C ends it.")
        console.show({"address": address, "warehouse": str(read)}, lines)
        if request.opens:
            typer.launch(address)

    def deliveries(account: str) -> tuple[Health, ...]:
        of = [one for one in settings.accounts if one.account_id == account]
        return health(of, Home(settings.home).deliveries)

    def refused(account: str) -> tuple[Entry, ...]:
        return refused_of(Home(settings.home).deliveries, account)

    languages = {one.account_id: one.language for one in settings.accounts if one.language}
    tokens = Tokens.of(settings.dashboard, credentials())
    host, port = request.host, request.port
    installation = Installation(deliveries, refused, languages, lambda: Checked.read(Home(settings.home)))
    serve(read, tokens, installation, host=host, port=port, ready=ready)
    return 0
