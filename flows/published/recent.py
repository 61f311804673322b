"""The reports of all published accounts, for summaries: the 30 dates that end with the date of as-of."""

from __future__ import annotations

from datetime import timedelta

from flows.published.accounts import accounts
from flows.published.report import Report, report
from flows.warehouses.publication import newest_publication
from flows.warehouses.reader import Reader

DAYS = 30


def recent_reports(reader: Reader) -> list[Report]:
    """One report per published account, by account id. Raises InputError before the first publication."""
    as_of = newest_publication(reader).as_of
    today = {one.account_id: one.day_of(as_of) for one in accounts(reader)}
    return [report(reader, account, last - timedelta(days=DAYS - 1), last) for account, last in today.items()]
