"""The key figures of every published account, for summaries: the 30 dates that end with the date of as-of."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from flows.errors import InputError
from flows.published.report import Report, report
from flows.warehouses.history import Reader, read_published

DAYS = 30


def key_figures(reader: Reader) -> list[Report]:
    """One report per published account, by account id. Raises InputError before the first publication."""
    standing = read_published(reader)
    if standing is None:
        raise InputError("nothing is published yet", remedy="run `agent-metrics run` first")
    as_of = standing.newest.as_of
    zones: dict[str, str] = dict(reader.rows("select account_id, timezone from metrics.accounts order by account_id"))
    today = {account: as_of.astimezone(ZoneInfo(zone)).date() for account, zone in zones.items()}
    return [report(reader, account, last - timedelta(days=DAYS - 1), last) for account, last in today.items()]
