"""What publishing asks of a warehouse, and what stands in it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from flows.ground.errors import AgentMetricsError
from flows.warehouses.publication import Publication, Published
from flows.warehouses.reader import Reader


@dataclass
class Sent:
    """What travelled: rows and keys, their bytes in Arrow; `is_whole` where there was nothing to compare with."""

    is_whole: bool
    rows: int = 0
    keys: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Shown:
    """What publishing did to a warehouse: what it was `sent`, if anything, or the `error` that left it behind."""

    warehouse: str
    sent: Sent | None = None
    error: str | None = None


class Warehouse(Protocol):
    """Where readers read. `str` names it, without a password."""

    def read(self) -> AbstractContextManager[Reader]:
        """What is published, at one instant. InputError before the first publication."""

    def standing(self) -> Published | None:
        """What stands there; None before the first publication."""

    def hindrance(self) -> str | None:
        """What keeps this user from publishing there, as far as can be told without trying."""

    def switch(self, publication: Publication) -> Sent | None:
        """Show a sealed publication, all tables at once; what stood there stands on where this fails.

        Gives what travelled, where anything did.
        """


@dataclass(frozen=True)
class Stand:
    """What stands in a warehouse; where it did not answer, `error`, and what is remembered of it."""

    warehouse: Warehouse
    published: Published | None
    error: AgentMetricsError | None = None

    @property
    def publication_id(self) -> str | None:
        """The publication that it shows; None where it shows none, or not all of it."""
        return self.published.newest.publication_id if self.published and self.published.is_whole else None
