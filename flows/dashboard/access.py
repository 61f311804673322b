"""What a visitor may see."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from flows.ground.errors import InputError
from flows.settings import DashboardSettings
from flows.warehouses.postgres.access import OF_ALL_ACCOUNTS, WITHHELD
from flows.warehouses.reader import Reader

SHORTEST = 16
PURPOSE = b"customer-agent-metrics dashboard"


@dataclass(frozen=True)
class Access:
    """Accounts by their ids, None for all; `texts` with message texts and contact data."""

    accounts: frozenset[str] | None = None
    texts: bool = True

    def sees_account(self, account: str) -> bool:
        """Whether the account is for this visitor."""
        return self.accounts is None or account in self.accounts

    def sees(self, table: str, column: str) -> bool:
        """Whether the column of `metrics.<table>` is for this visitor."""
        name = table.removeprefix("metrics.")
        is_withheld = not self.texts and column in WITHHELD.get(name, ())
        is_of_others = self.accounts is not None and column in OF_ALL_ACCOUNTS.get(name, ())
        return not (is_withheld or is_of_others)


@dataclass(frozen=True)
class AllowedReader:
    """A reader that sees no more than a visitor may see. Whoever asks it gives only accounts that the access has."""

    reader: Reader
    access: Access

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.reader.rows(sql)

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        return self.reader.batches(sql)

    def sees(self, table: str, column: str) -> bool:
        return self.access.sees(table, column) and self.reader.sees(table, column)


@dataclass(frozen=True)
class Tokens:
    """The tokens that open the page. None of them is shown, kept in a cookie or logged."""

    tokens: tuple[tuple[str, Access], ...]

    @classmethod
    def of(cls, settings: DashboardSettings, environment: Mapping[str, str]) -> Tokens:
        """Those of the settings. Raises InputError where one is missing, too short, or stands there twice."""
        found: dict[str, Access] = {}
        for one in settings.tokens:
            token, where = one.token.read(environment), f"dashboard.tokens, {one.token}"
            if len(token) < SHORTEST:
                remedy = 'make a token with: python3 -c "import secrets; print(secrets.token_urlsafe())"'
                raise InputError(f"the token has fewer than {SHORTEST} characters", where=where, remedy=remedy)
            if token in found:
                remedy = "give each entry a token of its own, so that it is clear what a token shows"
                raise InputError("two tokens are the same", where=where, remedy=remedy)
            found[token] = Access(None if one.accounts is None else frozenset(one.accounts), one.texts)
        return cls(tuple(found.items()))

    def __bool__(self) -> bool:
        return bool(self.tokens)

    def pass_for(self, token: str) -> str | None:
        """What a visitor who gave the token shows from then on; None where there is no such token."""
        given = token.encode("utf-8", "replace")
        known = [one for one, _ in self.tokens if hmac.compare_digest(one.encode(), given)]
        return _pass(known[0]) if known else None

    def access_of(self, shown: str) -> Access | None:
        """What the pass opens. It is good as long as its token is."""
        for token, access in self.tokens:
            if hmac.compare_digest(_pass(token).encode(), shown.encode("utf-8", "replace")):
                return access
        return None


def _pass(token: str) -> str:
    return hmac.new(token.encode(), PURPOSE, hashlib.sha256).hexdigest()
