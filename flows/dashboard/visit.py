"""What one visitor reads: one publication for as long as they look at it, whatever is published meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from flows.dashboard.access import Access, AllowedReader
from flows.ground.errors import AgentMetricsError, InputError
from flows.published.accounts import PublishedAccount, accounts
from flows.warehouses import Warehouse
from flows.warehouses.publication import Publication, newest_publication
from flows.warehouses.reader import Reader

RESTS_AFTER = 300.0  # seconds; a snapshot of a database that is kept for days keeps its old rows from being cleared


class Visit:
    """A visitor's look at a warehouse. Not for several threads at once, but for `leave`."""

    def __init__(self, warehouse: Warehouse, access: Access) -> None:
        self.access = access
        self._warehouse = warehouse
        self._open = ExitStack()
        self._reader: Reader | None = None
        self._used = self._seen = 0.0

    @property
    def reader(self) -> Reader:
        """The publication that the visitor looks at; the newest where they have not looked yet, or long not.

        Raises InputError where nothing is published, StorageFailed or WarehouseFailed where it cannot be read.
        """
        self._used = self._seen = time.monotonic()
        if self._reader is None:
            reader = self._open.enter_context(self._warehouse.read())
            self._reader = AllowedReader(reader, self.access, self.renew)
        return self._reader

    def accounts(self) -> tuple[PublishedAccount, ...]:
        """Those that this visitor may see."""
        return tuple(one for one in accounts(self.reader) if self._may_see(one.account_id))

    def publication(self) -> Publication:
        """The one that the visitor looks at."""
        return newest_publication(self.reader)

    def newest(self) -> Publication | None:
        """The one that a look at it would show now; None where it cannot be told."""
        self._seen = time.monotonic()
        try:
            with self._warehouse.read() as reader:
                return newest_publication(AllowedReader(reader, self.access))
        except AgentMetricsError:
            return None

    def renew(self) -> None:
        """Look at the newest from now on."""
        self._reader = None
        with suppress(AgentMetricsError):  # what is lost already cannot be let go of
            self._open.close()

    def rest(self) -> bool:
        """Let go of what nobody has asked for a while; whether it was let go."""
        if self._reader is None or time.monotonic() - self._used < RESTS_AFTER:
            return False
        self.renew()
        return True

    def has_moved(self, publication: Publication) -> bool:
        """Whether what is read is another publication: this one was let go of, and asked for again."""
        return (
            self._reader is not None and newest_publication(self._reader).publication_id != publication.publication_id
        )

    def leave(self) -> bool:
        """Let go where the page, which asks for the newest as long as it is open, has not been heard of for a while."""
        if self._reader is None or time.monotonic() - self._seen < RESTS_AFTER:
            return False
        self.renew()
        return True

    def _may_see(self, account: str) -> bool:
        return self.access.accounts is None or account in self.access.accounts


@contextmanager
def glance(warehouse: Warehouse, access: Access, account: str) -> Iterator[tuple[Reader, PublishedAccount]]:
    """The newest publication for one answer. Raises InputError for an account that the access does not have."""
    with warehouse.read() as whole:
        reader = AllowedReader(whole, access)
        for one in accounts(reader):
            if one.account_id == account and (access.accounts is None or account in access.accounts):
                yield reader, one
                return
    raise InputError(f"there is no account {account!r}", remedy="open the page again and choose an account")
