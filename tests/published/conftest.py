"""Readers of what small shops have published: of both warehouses, and of who may see no texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

import contract
from flows.ground.address import Address
from flows.ground.home import Home
from flows.published.accounts import PublishedAccount, accounts
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.postgres import Postgres
from flows.warehouses.postgres.access import ReaderRole, grants
from flows.warehouses.reader import Reader
from tests.gaps.shop import Shop, publish_to
from tests.warehouses import servers

ROLES = count()
Read = Callable[[Shop], Reader]


@pytest.fixture(scope="session")
def database_server() -> Iterator[str]:
    with servers.wheel() as one:
        yield one


@pytest.fixture(scope="module")
def open_readers() -> Iterator[ExitStack]:
    with ExitStack() as readers:
        yield readers


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def read(request: pytest.FixtureRequest, open_readers: ExitStack) -> Read:
    """Publishes a shop to the file, or to a database of its own, and reads there."""

    def publish(shop: Shop) -> Reader:
        home = _home(open_readers)
        if request.param == "duckdb":
            publish_to(home, shop)
            return open_readers.enter_context(DuckDBFile(home).read())
        url = servers.fresh(request.getfixturevalue("database_server"))
        publish_to(home, shop, url)
        return open_readers.enter_context(Postgres(home, Address.of(url)).read())

    return publish


@pytest.fixture(scope="module")
def read_limited(database_server: str, open_readers: ExitStack) -> Read:
    """Publishes a shop to Postgres and reads there as one who may see no texts and no contact data."""

    def publish(shop: Shop) -> Reader:
        home = _home(open_readers)
        url = servers.fresh(database_server)
        publish_to(home, shop, url)
        role = f"limited_{next(ROLES)}"
        with psycopg.connect(url) as connection:
            connection.execute(f"create role {role} login; grant usage on schema metrics to {role}".encode())
            for statement in grants(ReaderRole(role, is_limited=True), contract.metrics()):
                if "provenance" not in statement:
                    connection.execute(statement.encode())
        limited = Address.of(url.replace("postgres@", f"{role}@"))
        return open_readers.enter_context(Postgres(home, limited).read())

    return publish


def account_of(reader: Reader, account_id: str = "shop") -> PublishedAccount:
    return {one.account_id: one for one in accounts(reader)}[account_id]


def _home(until: ExitStack) -> Home:
    """One that goes with its readers: pytest keeps its own folders until all tests have run."""
    return Home(Path(until.enter_context(TemporaryDirectory(prefix="published-"))))
