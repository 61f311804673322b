"""What sources report of a range of dates beside our figures, from the published table alone (chapter 10)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flows.ground.sql import literal
from flows.published.figures import RATES, Conversations, Rate, by_mark, by_status, untold
from flows.published.measured import not_measured
from flows.warehouses.reader import Reader

TABLE = "reconciled_figures"
FIGURES = """
select {columns} from metrics.reconciled_figures
where account_id in ({accounts}) and first_on = {first} and last_on = {last}
order by account_id, source, tool is not null, statistic = 'skill_volume', status is not null, channel is not null,
    status, channel, statistic desc, skill, tool
"""
OURS_ALONE = tuple(rate for rate in RATES if rate.name in {"durable_resolution_rate", "deflection_rate"})
COUNTED = f"""
select {by_status()}, {{marks}}
from metrics.conversations
where account_id = {{account}} and started_on between {{first}} and {{last}} and (agent is null or agent = {{source}})
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


@dataclass(frozen=True)
class OursAlone:
    """What no source reports of the conversations that a reported range counts (rules 13.4, 13.5).

    The conversations are those of rule 10.2: of the source's agent, or of none that is named.
    """

    account_id: str
    source: str
    first_on: date
    last_on: date
    conversations: Conversations
    not_measured: frozenset[str]

    def rate(self, of: Rate) -> float | None:
        """One of OURS_ALONE; None where there are no conversations, or nobody tells of it."""
        return None if untold(of.name, self.not_measured) else of.of(self.conversations)

    def to_json_dict(self) -> dict[str, Any]:
        """Rates and what they are made of; dates are ISO text."""
        told = self.conversations.to_json_dict(self.not_measured)
        names = ("volume", "resolved", "recontacted", "durable_resolution_rate", "deflected", "deflection_rate")
        dates = {"first_on": self.first_on.isoformat(), "last_on": self.last_on.isoformat()}
        return {"account_id": self.account_id, "source": self.source, **dates, **{name: told[name] for name in names}}


def ours_alone(reader: Reader, figures: Iterable[ReconciledFigure]) -> list[OursAlone]:
    """What we count beside these figures: one for each account, source and range, in their order."""
    ranges = dict.fromkeys((one.account_id, one.source, one.first_on, one.last_on) for one in figures)
    found = []
    for account, source, first, last in ranges:
        asked = {"account": literal(account), "source": literal(source), "first": literal(first), "last": literal(last)}
        ((*counts,),) = reader.rows(COUNTED.format(**asked, marks=by_mark(reader)))
        conversations = Conversations(*counts)
        found.append(OursAlone(account, source, first, last, conversations, not_measured(reader, account)))
    return found
