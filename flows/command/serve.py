"""The command `agent-metrics serve`: the figures for programs, and for the assistant of the shop."""

from __future__ import annotations

import typer
from pydantic import Field

from flows.command.console import Console
from flows.command.options import command
from flows.settings import credentials
from flows.settings.requests import Listening, WarehouseRequest
from flows.warehouses import configured

app = typer.Typer(add_completion=False)


class ServeRequest(Listening, WarehouseRequest):
    """Figures by the name of a metric."""

    port: int = Field(default=2719, ge=0, le=65535, description="0 is any free port.")
    stdio: bool = Field(default=False, description="Answer the program that starts this, over stdin and stdout.")


@command(app, ServeRequest)
def serve(request: ServeRequest, console: Console) -> int:
    """Answer with figures by the name of a metric, read-only, until interrupted.

    JSON over HTTP at /v1, and tools for assistants (MCP) at /mcp or with --stdio.
    """
    from flows.answers.page import Page  # noqa: PLC0415  only this command needs it
    from flows.answers.server import serve as served  # noqa: PLC0415
    from flows.answers.server import serve_stdio  # noqa: PLC0415
    from flows.dashboard.access import Tokens  # noqa: PLC0415

    settings = request.settings()
    read, page = configured(settings)[0], Page(settings.dashboard.url)
    if request.stdio:
        serve_stdio(read, page)
        return 0

    def ready(address: str) -> None:
        lines = (f"Figures    {address}v1/metrics", f"Tools      {address}mcp", f"Reads      {read}", "Ctrl-C ends it.")
        console.show({"address": address, "warehouse": str(read)}, lines)

    tokens = Tokens.of(settings.dashboard, credentials())
    served(read, tokens, page, host=request.host, port=request.port, ready=ready)
    return 0
