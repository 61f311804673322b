"""The types' names are those that the engines themselves use."""

from __future__ import annotations

import duckdb
import pytest

import contract
from contract.types import TYPES, arrow


@pytest.mark.parametrize("name", TYPES)
def test_a_type_is_called_as_in_the_catalogue_of_duckdb_and_arrives_in_arrow_as_said(name: str) -> None:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"create table found (x {TYPES[name].duckdb})")
        [(shown,)] = connection.execute("select data_type from duckdb_columns() where table_name = 'found'").fetchall()
        arrived = connection.execute("select x from found").to_arrow_table().schema.field("x").type
    assert shown == TYPES[name].duckdb
    assert arrived == arrow(name)


def test_no_column_has_a_type_that_is_not_there() -> None:
    tables = [*contract.landing().values(), *contract.metrics().values()]
    assert {column.type for table in tables for column in table.columns} == TYPES.keys()
