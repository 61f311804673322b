"""The command that writes what is published as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from pydantic import Field

from flows.command import export_shown
from flows.command.console import Console
from flows.command.options import command
from flows.published.export import export as published_export
from flows.settings.requests import Names, OfAccount, Option, WarehouseRequest
from flows.warehouses import configured

app = typer.Typer(add_completion=False)


class ExportRequest(OfAccount, WarehouseRequest):
    """Published tables as files."""

    kind: Annotated[str, Option("--format", metavar="csv|parquet")] = Field(description="csv or parquet.")
    folder: Annotated[Path, Option("--to")] = Field(description="Folder for the files; made if missing.")
    table: Names | None = Field(
        default=None, description="Table of contract/metrics.yml; may repeat. The default is all."
    )
    overwrite: bool = Field(default=False, description="Replace files that no export wrote, too.")


@command(app, ExportRequest)
def export(request: ExportRequest, console: Console) -> int:
    """Write published tables as files, all of one publication, exactly as they are.

    Each file appears whole. publication.json beside them says of which
    publication they are. Files of an earlier export are replaced, others only
    with --overwrite.
    """
    with console.working() as progress, configured(request.settings())[0].read() as reader:
        exported = published_export(
            reader,
            request.folder,
            request.kind,
            progress,
            tables=request.table,
            account=request.account,
            overwrite=request.overwrite,
        )
    for line in export_shown.left_out_lines(exported):
        console.say(line)
    console.show({**exported.to_json_dict(), "exit_status": 0}, export_shown.export_lines(exported))
    return 0
