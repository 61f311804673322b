"""Metrics warehouses: where publications go, and where everything that reads reads."""

from __future__ import annotations

from collections.abc import Sequence

from flows.address import Address
from flows.home import Home
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.postgres.warehouse import Postgres
from flows.warehouses.publishing import (
    Target,
    Warehouse,
    finish,
    prepare,
    prepare_rollback,
    publish,
    reference,
    rollback,
    stands,
    switch,
)

__all__ = [
    "Target",
    "Warehouse",
    "finish",
    "named",
    "prepare",
    "prepare_rollback",
    "publish",
    "reference",
    "rollback",
    "stands",
    "switch",
]


def named(home: Home, addresses: Sequence[Address], memory_limit: str = "4GB") -> list[Warehouse]:
    """The warehouses at these addresses, for the publications of a home."""
    return [DuckDBFile(home) if one.is_file else Postgres(home, one, memory_limit) for one in addresses]
