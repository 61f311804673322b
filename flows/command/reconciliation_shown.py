"""What people read of a reconciliation: our figures beside those of the sources, and why they may differ."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from rich.console import RenderableType
from rich.table import Table

from flows.command.lines import line
from flows.ground.clock import utc_text
from flows.ground.text import clean
from flows.jobs import Result
from flows.published.reconciliation import OURS_ALONE, REASONS, TABLE, ReconciledFigure

UNKNOWN = "–"
ALONE = "ours alone"  # in place of a reason: the source has no such figure


def reconciliation_lines(result: Result) -> Iterator[RenderableType]:
    """Our figures beside those that the sources report, and what the differences are likely to come from."""
    by_account: dict[tuple[str, str], list[ReconciledFigure]] = {}
    for figure in result.reconciliation or []:
        by_account.setdefault((figure.account_id, figure.source), []).append(figure)
    alone = {key: [one for one in result.ours_alone or [] if (one.account_id, one.source) == key] for key in by_account}
    for (account, source), figures in by_account.items():
        first = figures[0]
        asked = f"{clean(source)} asked at {utc_text(first.reported_at)}"
        yield f"\n{clean(account)}, {first.first_on} to {first.last_on}, {asked}\n"
        table = Table(box=None, pad_edge=False)
        table.add_column("figure")
        for heading in ("ours", clean(source), "difference"):
            table.add_column(heading, justify="right")
        table.add_column("likely reason")
        for one in figures:
            of = [one.statistic.replace("_", " "), *filter(None, (one.channel, one.status, one.skill, one.tool))]
            amounts = [_amount(one, one.ours), _amount(one, one.theirs), _difference(one)]
            table.add_row(clean(", ".join(of)), *amounts, _reason(one))
        for rate, amount in ((rate, one.rate(rate)) for one in alone.get((account, source), ()) for rate in OURS_ALONE):
            table.add_row(rate.words, UNKNOWN if amount is None else f"{amount:.2%}", UNKNOWN, UNKNOWN, ALONE)
        yield table
    found = {one.likely_reason for figures in by_account.values() for one in figures} - {None}
    yield ""
    yield from (line(reason, REASONS[reason]) for reason in REASONS if reason in found)
    if by_account:
        yield line(ALONE, "no source reports it: shoppers who came back (13.4), and who were sent elsewhere (13.5)")
        differing = sum(one.likely_reason is not None for figures in by_account.values() for one in figures)
        yield line("Differ", f"{differing} of {sum(map(len, by_account.values()))}; all stand in metrics.{TABLE}")


def _amount(of: ReconciledFigure, value: Decimal | None) -> str:
    if value is None:
        return UNKNOWN
    return f"{value:.2%}" if of.is_rate else f"{value:,.0f}"


def _difference(of: ReconciledFigure) -> str:
    if not of.difference:
        return _amount(of, of.difference)
    return f"{100 * of.difference:+.2f} points" if of.is_rate else f"{int(of.difference):+,}"


def _reason(of: ReconciledFigure) -> str:
    """The reason, and the figure that shows it."""
    evidence = {
        "time_zone": (of.ours_on_utc_dates, "on the dates of UTC"),
        "definition": (of.ours_by_their_definition, "as the source counts"),
    }
    value, words = evidence.get(of.likely_reason or "", (None, ""))
    return f"{of.likely_reason or ''}{f', {_amount(of, value)} {words}' if value is not None else ''}"
