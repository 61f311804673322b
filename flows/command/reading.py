"""The commands that read: what is published as a report, as files, as a page; how the installation is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from pydantic import Field, model_validator

from flows.command import export_shown, report_shown
from flows.command.console import Console
from flows.command.finding import exit_status
from flows.command.options import command
from flows.command.status import status as status_of
from flows.command.status_shown import status_lines
from flows.delivery.handoffs.book import Entry, refused_of
from flows.delivery.health import Health, health
from flows.ground.checked import Checked
from flows.ground.home import Home
from flows.published.breakdown import breakdown, check_dimension
from flows.published.export import export as published_export
from flows.published.handoffs import check_dimension as check_handoffs_by
from flows.published.handoffs import handoffs_by
from flows.published.report import Report
from flows.published.report import report as published_report
from flows.settings import credentials
from flows.settings.requests import DateRangeRequest, Option, WarehouseRequest
from flows.warehouses import configured
from flows.warehouses.reader import Reader

app = typer.Typer(add_completion=False)
OF_HANDOFFS = {"account", "account_name", "timezone", "from", "to", "as_of", "publication_id", "handoffs"}


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


class ReportRequest(DateRangeRequest, WarehouseRequest):
    """The figures of one account and a range of dates."""

    account: str = Field(description="Id of the account.")
    by: str | None = Field(
        default=None, description="In groups: channel, status, tag, agent, day, week (from Monday), month or skill."
    )

    handoffs: bool = Field(
        default=False,
        description="Hand-offs alone; --by is then reason, tag, skill, channel, platform or outcome.",
    )

    @model_validator(mode="after")
    def _known(self) -> ReportRequest:
        if self.by is not None:
            (check_handoffs_by if self.handoffs else check_dimension)(self.by)
        return self


@command(app, ReportRequest)
def report(request: ReportRequest, console: Console) -> int:
    """The published figures of one account and a range of dates."""
    with configured(request.settings())[0].read() as reader:
        figures = published_report(reader, request.account, request.first, request.last)
        if request.handoffs:
            return _report_handoffs(reader, figures, request.by, console)
        groups = breakdown(reader, figures, request.by) if request.by is not None else None
    document = {**figures.to_json_dict(), **(groups.to_json_dict() if groups else {})}
    console.show(document, report_shown.report_lines(figures, groups))
    return 0


def _report_handoffs(reader: Reader, report: Report, by: str | None, console: Console) -> int:
    groups = handoffs_by(reader, report.account, report.first, report.last, by=by) if by else ()
    document = {
        **{key: value for key, value in report.to_json_dict().items() if key in OF_HANDOFFS},
        **({"by": by, "groups": [one.named(by) for one in groups]} if by else {}),
    }
    console.show(document, report_shown.handoff_lines(report, by, groups))
    return 0


class ExportRequest(WarehouseRequest):
    """Published tables as files."""

    kind: Annotated[str, Option("--format", metavar="csv|parquet")] = Field(description="csv or parquet.")
    folder: Annotated[Path, Option("--to")] = Field(description="Folder for the files; made if missing.")
    table: tuple[str, ...] = Field(
        default=(), description="Table of contract/metrics.yml; may repeat. The default is all."
    )
    account: str | None = Field(default=None, description="Id of one account, instead of all.")
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


class DashboardRequest(WarehouseRequest):
    """The page."""

    host: str = Field(default="127.0.0.1", description="Where to listen; others than this machine need tokens.")
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
