"""A question about a range of dates, and what it is put to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flows.published.accounts import PublishedAccount
from flows.warehouses.publication import Publication
from flows.warehouses.reader import Reader


@dataclass(frozen=True)
class Ranged:
    """Local dates `first` to `last`, both included, of an account; of these channels, or of all."""

    reader: Reader
    publication: Publication
    account: PublishedAccount
    first: date
    last: date
    channels: tuple[str, ...]

    @property
    def of(self) -> tuple[str, date, date]:
        """As the reports are asked."""
        return self.account.account_id, self.first, self.last
