"""The accounts that are published, and their clocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TypeVar

from flows.ground import zones
from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.warehouses.reader import Reader

KNOWN_SHOWN = 20
ACCOUNTS = "select account_id, name, timezone, currency from metrics.accounts order by account_id"


@dataclass(frozen=True)
class PublishedAccount:
    """One account; dates are those of `timezone` (rule 1.1), money is in `currency`."""

    account_id: str
    name: str | None
    timezone: str
    currency: str

    @property
    def title(self) -> str:
        """For people: the name, else the id. A text of strangers."""
        return self.name or self.account_id

    def day_of(self, instant: datetime) -> date:
        """The local date."""
        return self.local(instant).date()

    def local(self, instant: datetime) -> datetime:
        """The instant with the account's offset from UTC."""
        return zones.local(instant, self.timezone)

    def on_dates(self, instant: str, first: date | None, last: date | None) -> str:
        """SQL: the local date of the column `instant` is one of `first` to `last`; None leaves an end open."""
        # No zone is more than a day from UTC: what is far from an end is out or in, and no zone is worked out for it.
        local = self.date_of(instant)
        near, inside, exactly = [], [], []
        if first is not None:
            near.append(f"{instant} >= {literal(first)} - interval '1 day'")
            inside.append(f"{instant} >= {literal(first)} + interval '1 day'")
            exactly.append(f"{local} >= {literal(first)}")
        if last is not None:
            near.append(f"{instant} < {literal(last)} + interval '2 days'")
            inside.append(f"{instant} < {literal(last)}")
            exactly.append(f"{local} <= {literal(last)}")
        if not near:
            return "true"
        return f"{' and '.join(near)} and ({' and '.join(inside)} or {' and '.join(exactly)})"

    def date_of(self, instant: str) -> str:
        """SQL: the local date of the column."""
        return f"cast(timezone({literal(self.timezone)}, {instant}) as date)"

    def until(self, instant: str, at: time) -> str:
        """SQL: on its local date, the column `instant` lies no later than this time of day."""
        return f"cast(timezone({literal(self.timezone)}, {instant}) as time) <= time '{at.isoformat()}'"


OneAccount = TypeVar("OneAccount", bound=PublishedAccount)


def accounts(reader: Reader) -> tuple[PublishedAccount, ...]:
    """All of them that this reader sees, by id."""
    return tuple(PublishedAccount(*row) for row in reader.rows(ACCOUNTS))


def published_account(reader: Reader, account_id: str) -> PublishedAccount:
    """The account of this id. Raises InputError for an unknown one."""
    return of_id(accounts(reader), account_id)


def of_id(known: Sequence[OneAccount], account_id: str) -> OneAccount:
    """The one of these that has the id. Raises InputError, which names those that there are."""
    for one in known:
        if one.account_id == account_id:
            return one
    shown = ", ".join(one.account_id for one in known[:KNOWN_SHOWN]) or "there are none"
    more = f" and {len(known) - KNOWN_SHOWN} more" if len(known) > KNOWN_SHOWN else ""
    raise InputError(f"there is no account {account_id!r}", remedy=f"the published ones are: {shown}{more}")
