"""What sources report of a range of dates beside our figures, from the published table alone (chapter 10)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import contract
from flows.ground.clock import utc_text
from flows.ground.sql import literal
from flows.warehouses.reader import Reader

TABLE = "reconciled_figures"
FIGURES = """
select {columns} from metrics.reconciled_figures
where account_id in ({accounts}) and first_on = {first} and last_on = {last}
order by account_id, source, statistic = 'skill_volume', status is not null, channel is not null,
    status, channel, statistic desc, skill
"""
REASONS = {
    "time_zone": "over there the dates are those of UTC",
    "definition": "over there it is counted otherwise: by its own status and start; skills by invocation",
    "late_data": "something has not come yet, here or there; reconcile again later",
    "unknown": "neither dates nor definition explain it; look at these conversations in both systems",
}


def reconciled(reader: Reader, accounts: Collection[str | None], first: date, last: date) -> list[dict[str, Any]]:
    """The figures of these accounts and this very range, as the columns of the table; plain JSON values."""
    columns = [column.name for column in contract.metrics()[TABLE].columns]
    named = ", ".join(literal(str(account)) for account in sorted(map(str, accounts)))
    query = FIGURES.format(columns=", ".join(columns), accounts=named, first=literal(first), last=literal(last))
    return [_plain(dict(zip(columns, row, strict=True))) for row in reader.rows(query)]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(value, row["statistic"] != "resolution_rate") for name, value in row.items()}


def _value(value: Any, is_count: bool) -> Any:
    if isinstance(value, Decimal):
        return int(value) if is_count else float(value)
    if isinstance(value, datetime):
        return utc_text(value)
    return value.isoformat() if isinstance(value, date) else value
