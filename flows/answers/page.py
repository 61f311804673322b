"""Where the page shows what an answer is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from flows.published.accounts import PublishedAccount


@dataclass(frozen=True)
class Page:
    """The page at the `url` of the settings; without it there are no links."""

    url: str | None = None

    def dates(self, account: PublishedAccount, first: date, last: date, **more: str) -> str | None:
        """The page of these dates."""
        if self.url is None:
            return None
        query = {"account": account.account_id, "dates": f"{first}..{last}", **more}
        return f"{self.url.rstrip('/')}/?{urlencode(query)}"

    def conversation(self, account: PublishedAccount, first: date, last: date, conversation_id: str) -> str | None:
        """The thread, on the page of these dates."""
        return self.dates(account, first, last, conversation=conversation_id)
