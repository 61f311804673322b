"""The commands that read what is published: as a report, as files, as a page."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from flows import settings as configuration
from flows.command import export_shown, report_shown
from flows.command.console import Console
from flows.command.options import (
    ByOption,
    ConfigOption,
    DebugOption,
    FirstOption,
    FolderOption,
    FormatOption,
    HomeOption,
    JsonOption,
    LastOption,
    OverwriteOption,
    TableOption,
    WarehouseOption,
)
from flows.jobs.steps import Ask, a_date
from flows.published.breakdown import breakdown, check_dimension
from flows.published.export import export as published_export
from flows.published.report import report as published_report
from flows.warehouses import Warehouse

app = typer.Typer(add_completion=False)


@app.command()
def report(
    *,
    account: Annotated[str, typer.Option("--account", help="Id of the account.")],
    first: FirstOption,
    last: LastOption,
    by: ByOption = None,
    home: HomeOption = None,
    warehouse: WarehouseOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """The published figures of one account and a range of dates."""
    console = Console(as_json=as_json, is_debugging=debug)
    dates = a_date(first, "--from"), a_date(last, "--to")
    if by is not None:
        check_dimension(by)
    with _published(home, config, warehouse).read() as reader:
        figures = published_report(reader, account, *dates)
        groups = breakdown(reader, figures, by) if by is not None else None
    document = {**figures.to_json_dict(), **(groups.to_json_dict() if groups else {})}
    console.show(document, report_shown.report_lines(figures, groups))
    return 0


@app.command()
def export(
    *,
    kind: FormatOption,
    folder: FolderOption,
    tables: TableOption = None,
    account: Annotated[str | None, typer.Option("--account", help="Id of one account, instead of all.")] = None,
    overwrite: OverwriteOption = False,
    home: HomeOption = None,
    warehouse: WarehouseOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Write published tables as files, all of one publication, exactly as they are.

    Each file appears whole. publication.json beside them says of which
    publication they are. Files of an earlier export are replaced, others only
    with --overwrite.
    """
    console = Console(as_json=as_json, is_debugging=debug)
    asked: dict[str, Any] = {"tables": tables or [], "account": account, "overwrite": overwrite}
    with console.working() as progress, _published(home, config, warehouse).read() as reader:
        exported = published_export(reader, folder, kind, progress, **asked)
    for line in export_shown.left_out_lines(exported):
        console.say(line)
    console.show({**exported.to_json_dict(), "exit_status": 0}, export_shown.export_lines(exported))
    return 0


@app.command()
def dashboard(
    *,
    host: Annotated[str, typer.Option("--host", help="Where to listen; others than this machine need tokens.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 is any free one.")] = 2718,
    is_opening: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    home: HomeOption = None,
    warehouse: WarehouseOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Serve the page of figures, conversations, gaps and sales, until interrupted."""
    from flows.dashboard.access import Tokens  # noqa: PLC0415  only this command needs it
    from flows.dashboard.server import serve  # noqa: PLC0415
    from notebooks import PAGE  # noqa: PLC0415

    console = Console(as_json=as_json, is_debugging=debug)
    ask = Ask(home=home, config=config, warehouse=warehouse or [])
    read = ask.warehouses()[0]

    def ready(address: str) -> None:
        lines = (f"Dashboard  {address}", f"Reads      {read}", "Ctrl-C ends it.")
        console.show({"address": address, "warehouse": str(read)}, lines)
        if is_opening:
            typer.launch(address)

    serve(
        PAGE, read, Tokens.of(ask.settings().dashboard, configuration.credentials()), host=host, port=port, ready=ready
    )
    return 0


def _published(home: str | None, config: str | None, warehouse: list[str] | None) -> Warehouse:
    """The one that is read: the first."""
    return Ask(home=home, config=config, warehouse=warehouse or []).warehouses()[0]
