"""What sources report of a range of dates beside our figures, from the published table alone (chapter 10)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal

from flows.ground.sql import literal
from flows.warehouses.reader import Reader

TABLE = "reconciled_figures"
FIGURES = """
select {columns} from metrics.reconciled_figures
where account_id in ({accounts}) and first_on = {first} and last_on = {last}
order by account_id, source, tool is not null, statistic = 'skill_volume', status is not null, channel is not null,
    status, channel, statistic desc, skill, tool
"""
REASONS = {
    "time_zone": "the source takes the dates of UTC",
    "definition": "the source counts in another way: by its own status and start; skills by invocation",
    "late_data": "some data has not come yet, here or there; reconcile again later",
    "unknown": "neither dates nor definition explain it; look at these conversations in both systems",
}


@dataclass(frozen=True)
class ReconciledFigure:
    """A row of `metrics.reconciled_figures`, whose columns these fields are; `reported_at` is in UTC."""

    account_id: str
    figure_id: str
    source: str
    first_on: date
    last_on: date
    statistic: str
    channel: str | None
    status: str | None
    skill: str | None
    tool: str | None
    ours: Decimal | None
    theirs: Decimal
    difference: Decimal | None
    ours_on_utc_dates: Decimal | None
    ours_by_their_definition: Decimal | None
    likely_reason: str | None
    reported_at: datetime

    @property
    def is_rate(self) -> bool:
        """A rate is from 0 to 1."""
        return self.statistic in {"resolution_rate", "tool_success_rate"}

    @property
    def is_count(self) -> bool:
        """Whether it is neither a rate nor a duration."""
        return not self.is_rate and self.statistic != "tool_duration_ms"


def reconciled(reader: Reader, accounts: Collection[str | None], first: date, last: date) -> list[ReconciledFigure]:
    """The figures of these accounts and of this very range of dates."""
    columns = ", ".join(field.name for field in fields(ReconciledFigure))
    named = ", ".join(literal(str(account)) for account in sorted(map(str, accounts)))
    query = FIGURES.format(columns=columns, accounts=named, first=literal(first), last=literal(last))
    return [ReconciledFigure(*row) for row in reader.rows(query)]
