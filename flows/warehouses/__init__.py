"""Metrics warehouses: where publications go, and where everything that reads reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flows.ground.address import Address
from flows.ground.home import Home
from flows.ground.memory import half_of_the_memory
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.keeping import Keep
from flows.warehouses.postgres.warehouse import Postgres
from flows.warehouses.publishing import (
    Target,
    prepare,
    prepare_rollback,
    publish,
    switch,
)
from flows.warehouses.standing import reference, stands
from flows.warehouses.warehouse import Warehouse

if TYPE_CHECKING:
    from flows.settings import Settings  # pydantic, which nothing here needs

__all__ = [
    "Keep",
    "Target",
    "Warehouse",
    "configured",
    "named",
    "prepare",
    "prepare_rollback",
    "publish",
    "reference",
    "stands",
    "switch",
]


def named(home: Home, addresses: Sequence[Address], memory_limit: str | None = None) -> list[Warehouse]:
    """The warehouses at these addresses, for the publications of a home; by default in half of the memory."""
    limit = memory_limit or half_of_the_memory()
    return [DuckDBFile(home) if one.is_file else Postgres(home, one, limit) for one in addresses]


def configured(settings: Settings) -> list[Warehouse]:
    """The warehouses of the settings; everything that reads reads in the first."""
    return named(Home(settings.home), settings.warehouse, settings.memory_limit)
