"""The commands `agent-metrics metrics …`: what the figures are called, and how they are computed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
import yaml
from pydantic import Field

from dbt_project import osi
from flows.command.console import Console
from flows.command.lines import line
from flows.command.options import command
from flows.ground.home import write_durably
from flows.settings.requests import Option, Request

app = typer.Typer(help="Metrics by name, for other tools.", add_completion=False)


@app.callback()
def _of_one_command() -> None:  # else Typer would take the only command for the whole
    return


class MetricsExportRequest(Request):
    """The definitions of the metrics as a file."""

    kind: Annotated[Literal["osi"], Option("--format", metavar="osi")] = Field(
        description="osi, the Open Semantic Interchange (Apache Ossie)."
    )
    to: Path | None = Field(default=None, description="File to write, instead of stdout; it is replaced.")


@command(app, MetricsExportRequest)
def export(request: MetricsExportRequest, console: Console) -> int:
    """Write the tables, dimensions, relationships and metrics for tools that compute them by themselves.

    It is YAML, or JSON on stdout with --json. It holds formulas, not figures.
    """
    document = osi.document()
    told = document.to_json_dict()
    text = yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=120)
    console.say(f"Note: {osi.BESIDE_THE_STANDARD}")
    if request.to is None:
        console.show(told, [text.rstrip("\n")])
        return 0
    write_durably(request.to, text)
    (model,) = document.semantic_model
    facts = {"version": document.version, "datasets": len(model.datasets), "metrics": len(model.metrics)}
    what = f"{len(model.metrics)} metrics of {len(model.datasets)} tables, OSI {document.version}"
    console.show({"file": str(request.to), **facts, "exit_status": 0}, [line("Wrote", f"{request.to}: {what}")])
    return 0
