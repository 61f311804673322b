"""The command that tells the published figures."""

from __future__ import annotations

import typer
from pydantic import Field, model_validator

from flows.command import report_shown
from flows.command.console import Console
from flows.command.options import command
from flows.ground.clock import utc_text
from flows.published.accounts import published_account
from flows.published.breakdown import breakdown, check_dimension
from flows.published.handoffs import check_dimension as check_handoffs_by
from flows.published.handoffs import handoffs_by
from flows.published.notes import notes
from flows.published.performance import delivered_until
from flows.published.report import Report
from flows.published.report import report as published_report
from flows.settings.requests import DateRangeRequest, WarehouseRequest
from flows.warehouses import configured
from flows.warehouses.publication import newest_publication
from flows.warehouses.reader import Reader

app = typer.Typer(add_completion=False)
OF_HANDOFFS = {"account", "account_name", "timezone", "from", "to", "as_of", "publication_id", "handoffs"}


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
        said = _notes(reader, figures)
        if request.handoffs:
            return _report_handoffs(reader, figures, said, request.by, console)
        groups = breakdown(reader, figures, request.by) if request.by is not None else None
    document = {**figures.to_json_dict(), **(groups.to_json_dict() if groups else {}), "notes": said}
    console.show(document, (*report_shown.report_lines(figures, groups), *report_shown.note_lines(said)))
    return 0


def _notes(reader: Reader, report: Report) -> list[str]:
    """What deserves a word about the dates: those without data are no dates without customers."""
    account, publication = published_account(reader, report.account), newest_publication(reader)
    found = notes(reader, account, publication, report.first, report.last)
    said = [" ".join(map(str, (*one.what, one.remedy))) for one in found]
    until = delivered_until(account, publication)
    if report.first <= account.day_of(until) <= report.last:
        said.append(f"The dates are not over: what is known ends at {utc_text(until)}.")
    return said


def _report_handoffs(reader: Reader, report: Report, said: list[str], by: str | None, console: Console) -> int:
    groups = handoffs_by(reader, report.account, report.first, report.last, by=by) if by else ()
    document = {
        **{key: value for key, value in report.to_json_dict().items() if key in OF_HANDOFFS},
        **({"by": by, "groups": [one.named(by) for one in groups]} if by else {}),
        "notes": said,
    }
    console.show(document, (*report_shown.handoff_lines(report, by, groups), *report_shown.note_lines(said)))
    return 0
