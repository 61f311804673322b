"""The key figures of every published account, for summaries: the 30 dates that end with the date of as-of."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from flows.home import Home
from flows.report import Report, report
from flows.warehouses.history import open_published, read_published

DAYS = 30


def key_figures(home: Home) -> list[Report]:
    """One report per published account, by account id. Raises InputError before the first publication."""
    with open_published(home) as connection:
        as_of = read_published(connection).newest.as_of
        accounts = connection.execute("select account_id, timezone from published.metrics.accounts order by account_id")
        zones: dict[str, str] = dict(accounts.fetchall())
    today = {account: as_of.astimezone(ZoneInfo(zone)).date() for account, zone in zones.items()}
    return [report(home, account, last - timedelta(days=DAYS - 1), last) for account, last in today.items()]
