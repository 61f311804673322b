"""What is counted of a definition that no run has built is what a run counts of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings

from flows import jobs
from flows.audiences.definition import Definition
from flows.dashboard.access import Access, AllowedReader
from flows.ground.address import Address
from flows.ground.errors import InputError
from flows.ground.home import Home
from flows.published.segment_counted import counted
from flows.published.segments import PublishedSegments, segments
from flows.settings.requests import PublishRequest
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.postgres import Postgres
from flows.warehouses.reader import Reader
from tests.audiences.drawn import AS_OF, crowds, definitions
from tests.audiences.tables import database, found, lay
from tests.dashboard.browser import built_shop
from tests.warehouses import servers


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return built_shop(tmp_path_factory.mktemp("counted"))


@pytest.fixture(scope="module")
def in_file(home: Home) -> Iterator[Reader]:
    with DuckDBFile(home).read() as reader:
        yield reader


@pytest.fixture(scope="module")
def in_postgres(home: Home) -> Iterator[Reader]:
    with servers.wheel() as server:
        url = servers.fresh(server)
        asked = PublishRequest(home=str(home.root), warehouse=(url,))
        assert jobs.publish(asked).exit_status == 0
        with Postgres(home, Address.of(url)).read() as reader:
            yield reader


@pytest.fixture(params=["in_file", "in_postgres"])
def reader(request: pytest.FixtureRequest) -> Reader:
    one: Reader = request.getfixturevalue(request.param)
    return one


def test_the_segments_that_come_along_are_counted_as_a_run_counts_them(reader: Reader) -> None:
    published: PublishedSegments = segments(reader)
    assert len(published.segments) == 18
    assert sum(one.member_count > 0 for one in published.segments) >= 12
    for one in published.segments:
        definition = one.parsed()
        assert definition
        now = counted(reader, one.account, definition, published.publication.as_of)
        assert (now.member_count, now.anonymous_count) == (one.member_count, one.anonymous_count), one.segment


class InMemory:
    """A reader of tables in memory."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql.replace(" from metrics.", " from candidate.metrics.")).fetchall()

    def batches(self, sql: str) -> Iterator[Any]:
        raise NotImplementedError

    def sees(self, table: str, column: str) -> bool:
        return True


@pytest.fixture(scope="module")
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    with database() as connection:
        yield connection


def number_of(reader: Reader, account: str, definition: Definition, as_of: datetime) -> tuple[int, int] | None:
    """None for what cannot be counted here."""
    try:
        now = counted(reader, account, definition, as_of)
    except InputError:
        return None
    return now.member_count, now.anonymous_count


@settings(max_examples=100)
@given(shop=crowds, definition=definitions)
def test_any_definition_is_counted_as_the_models_count_it(
    tables: duckdb.DuckDBPyConnection, shop: dict[str, list[dict[str, Any]]], definition: Definition
) -> None:
    lay(tables, shop)
    shoppers = found(tables, definition, AS_OF)
    for account in {one for one, _ in shoppers} | {"here"}:
        keys = [key for one, key in shoppers if one == account]
        members = sum(key.startswith("p/") for key in keys)
        now = number_of(InMemory(tables), account, definition, AS_OF)
        assert now in {None, (members, len(keys) - members)}, definition


@settings(max_examples=100)
@given(definition=definitions)
def test_both_warehouses_understand_any_definition_alike(
    in_file: Reader, in_postgres: Reader, definition: Definition
) -> None:
    as_of = segments(in_file).publication.as_of
    assert number_of(in_file, "aurora", definition, as_of) == number_of(in_postgres, "aurora", definition, as_of)


def condition(**more: Any) -> Definition:
    return Definition.model_validate({"condition_groups": [{"conditions": [more]}]})


def test_nothing_is_counted_of_what_a_visitor_may_not_see(in_file: Reader) -> None:
    """How many have an address would tell whether somebody has it."""
    limited = AllowedReader(in_file, Access(texts=False))
    text = {"type": "string", "operator": "equals", "value": "ana@mail.example"}
    asks = condition(type="profile-property", property="email", filter=text)
    as_of = segments(in_file).publication.as_of
    assert counted(in_file, "aurora", asks, as_of)
    with pytest.raises(InputError, match="asks for what you may not see"):
        counted(limited, "aurora", asks, as_of)
    for one in segments(limited, "aurora").segments:
        definition = one.parsed()
        assert definition
        assert counted(limited, "aurora", definition, as_of).member_count == one.member_count
