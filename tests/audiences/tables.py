"""Rows of a shop in a DuckDB database, where the SQL of definitions looks for them, and what it finds there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb

import contract
from contract.types import TYPES
from flows.audiences.definition import Definition
from flows.audiences.dialects import DIALECTS
from flows.audiences.sql import changes_after, of_segment
from flows.ground.sql import literal
from tests.audiences.drawn import TABLES
from tests.audiences.happened import Row, Shop, Shopper
from tests.audiences.reference import shoppers

REACH = dict.fromkeys(("account_id", "profile_id", "email_reach", "sms_reach", "whatsapp_reach"), "string")
COLUMNS = {
    **{f"metrics.{name}": {one.name: one.type for one in contract.metrics()[name].columns} for name in TABLES},
    "intermediate.int_profile_reach": REACH,
    "intermediate.int_shoppers": {"account_id": "string", "shopper": "string"},
}


@contextmanager
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with all tables, empty, and with one thread: the rows are few."""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("attach ':memory:' as candidate")
        connection.execute("create schema candidate.metrics; create schema intermediate")
        for table, columns in COLUMNS.items():
            typed = ", ".join(f"{name} {TYPES[kind].duckdb}" for name, kind in columns.items())
            connection.execute(f"create table {place(table)} ({typed})")
        yield connection


def lay(connection: duckdb.DuckDBPyConnection, shop: Shop) -> None:
    """Put the rows of a shop in the place of those that are there."""
    for table, columns in COLUMNS.items():
        connection.execute(f"delete from {place(table)}")
        if rows := _rows(shop, table):
            values = ", ".join(f"({', '.join(_written(row.get(name)) for name in columns)})" for row in rows)
            connection.execute(f"insert into {place(table)} values {values}")


def found(connection: duckdb.DuckDBPyConnection, definition: Definition, as_of: datetime) -> set[Shopper]:
    """Who meets a definition, as the model int_segment_matches asks for it. Fails where somebody comes twice."""
    query = DIALECTS["duckdb"].written(of_segment(definition), as_of)
    matches = connection.execute(
        f"select account_id, shopper from ({query}) semi join intermediate.int_shoppers using (account_id, shopper)"
    ).fetchall()
    assert len(matches) == len(set(matches)), query
    return set(matches)


def next_change(connection: duckdb.DuckDBPyConnection, definition: Definition, as_of: datetime) -> datetime | None:
    """The first instant after as-of at which time alone can change who meets a definition."""
    if not (ahead := changes_after(definition)):
        return None
    query = DIALECTS["duckdb"].written(" union all ".join(ahead), as_of)
    (micros,) = connection.execute(f"select epoch_us(min(instant)) from ({query})").fetchall()[0]
    return None if micros is None else datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros)


def place(table: str) -> str:
    return f"candidate.{table}" if table.startswith("metrics.") else table


def _rows(shop: Shop, table: str) -> list[Row]:
    name = table.partition(".")[2].removeprefix("int_")
    if name == "shoppers":
        return [{"account_id": account, "shopper": key} for account, key in sorted(shoppers(shop))]
    return list(shop[name])


def _written(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    return str(value) if isinstance(value, bool | Decimal) else literal(value)
