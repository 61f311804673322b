"""Who meets a definition by the SQL is who meets it by a second reading that knows no SQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.audiences.definition import Definition
from flows.audiences.metrics import METRICS
from tests.audiences.drawn import AS_OF, PATTERNS, STARTS, TABLES, TEXTS, crowds, definitions, filters
from tests.audiences.happened import READINGS
from tests.audiences.reference import members
from tests.audiences.tables import database, found, lay

ONCE = {"type": "numeric", "operator": "greater-than-or-equal", "value": 1}


@pytest.fixture(scope="module")
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    with database() as connection:
        yield connection


def test_every_metric_is_read_a_second_time() -> None:
    assert METRICS.keys() == READINGS.keys()


@settings(max_examples=60)
@given(shop=crowds, asked=st.lists(definitions, min_size=10, max_size=10))
def test_random_definitions_find_whom_a_reading_without_sql_finds(
    tables: duckdb.DuckDBPyConnection, shop: dict[str, list[dict[str, Any]]], asked: list[Definition]
) -> None:
    lay(tables, shop)
    for definition in asked:
        assert found(tables, definition, AS_OF) == members(shop, definition, AS_OF), definition


@pytest.mark.parametrize("name", sorted(METRICS))
@settings(max_examples=10)
@given(shop=crowds, data=st.data())
def test_every_property_of_a_metric_is_read_alike(
    tables: duckdb.DuckDBPyConnection, name: str, shop: dict[str, list[dict[str, Any]]], data: st.DataObject
) -> None:
    lay(tables, shop)
    for key, of in METRICS[name].properties.items():
        asked = {"property": key, "filter": data.draw(filters(of.type))}
        condition = {"type": "profile-metric", "metric": name, "metric_filters": [asked], "measurement_filter": ONCE}
        definition = Definition.model_validate({"condition_groups": [{"conditions": [condition]}]})
        assert found(tables, definition, AS_OF) == members(shop, definition, AS_OF), definition


def test_every_operator_of_texts_takes_every_text_as_it_is(tables: duckdb.DuckDBPyConnection) -> None:
    """Quotes, backslashes, braces, `%`: each text is in one profile's name, and asked for by each operator."""
    names = [*TEXTS, None]
    profiles = [{"account_id": "here", "profile_id": str(at), "name": name} for at, name in enumerate(names)]
    shop = {table: list[dict[str, Any]]() for table in TABLES} | {"profiles": profiles, "profile_reach": profiles}
    lay(tables, shop)
    asked = [(f"{said}{operator}", text) for said in ("", "not-") for operator in STARTS for text in TEXTS]
    for operator, value in [*asked, *((operator, one) for operator in ("regex", "nregex") for one in PATTERNS)]:
        of = {"type": "string", "operator": operator, "value": value}
        condition = {"type": "profile-property", "property": "name", "filter": of}
        definition = Definition.model_validate({"condition_groups": [{"conditions": [condition]}]})
        assert found(tables, definition, AS_OF) == members(shop, definition, AS_OF), of
