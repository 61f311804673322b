"""Postgres behind pgbouncer, which lends a few connections to many clients, one after the other."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import psycopg
import pytest

from flows.ground.address import Address
from flows.ground.errors import WarehouseFailed, WarehouseUnavailable
from flows.ground.home import Home
from flows.ground.progress import Silent
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.postgres import Postgres, Roles, prepare
from flows.warehouses.postgres.comparing import differing
from flows.warehouses.postgres.connection import writing
from tests.warehouses import servers
from tests.warehouses.candidates import names, publish, write_candidate
from tests.warehouses.on_postgres import contents, left_behind, publish_to, rows, seen
from tests.warehouses.test_postgres_interrupted import locked, stands_as_before

LIMITS = "pgbouncer says: .* timeout; .*set query_timeout and idle_transaction_timeout of pgbouncer to 0"
MODES = pytest.mark.parametrize("mode", ["session", "transaction"])


@MODES
def test_two_connections_of_a_pool_are_enough_for_everything(home: Home, guarded: str, mode: str) -> None:
    with servers.pooler(guarded, pool_mode=mode, default_pool_size=2, query_wait_timeout=10) as through:
        file, postgres = DuckDBFile(home), Postgres(home, Address.of(through))
        for number, count in enumerate((3, 5, 2)):
            publish_to(home, f"build-{number}", rows(f"build-{number}", count, number), file, postgres)
            assert contents(postgres) == contents(file)
            assert seen(postgres.address) == (f"build-{number}", count)
        assert postgres.standing() == file.standing()
        assert postgres.hindrance() is None
        assert differing(home, postgres, Silent()) == {}
        assert left_behind(Address.of(guarded)) == []


@MODES
def test_one_connection_of_a_pool_is_enough_to_publish_and_what_streams_says_so(
    home: Home, guarded: str, mode: str
) -> None:
    with servers.pooler(guarded, pool_mode=mode, default_pool_size=1, query_wait_timeout=2) as through:
        postgres = Postgres(home, Address.of(through))
        for build in ("first", "second"):
            publish_to(home, build, rows(build, 4), postgres)
            assert seen(postgres.address) == (build, 4)
        with pytest.raises(WarehouseFailed, match=r"pgbouncer says: .* two connections for us \(default_pool_size"):
            differing(home, postgres, Silent())
        assert seen(postgres.address) == ("second", 4)


SETTINGS = {
    "client_encoding": "LATIN1",
    "TimeZone": "America/New_York",
    "DateStyle": "German",
    "standard_conforming_strings": "off",
    "lock_timeout": "7s",
    "statement_timeout": "70s",
    "idle_in_transaction_session_timeout": "70s",
    "search_path": "somewhere",
}


@MODES
def test_nothing_of_ours_reaches_the_client_who_gets_the_connection_next(home: Home, guarded: str, mode: str) -> None:
    with psycopg.connect(guarded, autocommit=True) as administrator:
        database = administrator.info.dbname
        for setting, value in SETTINGS.items():
            administrator.execute(f"alter role postgres in database {database} set {setting} to '{value}'".encode())
    with servers.pooler(guarded, pool_mode=mode, default_pool_size=1) as through:
        postgres = Postgres(home, Address.of(through))
        before = lent(through)
        for build in ("first", "second"):
            publish_to(home, build, rows(build, 4), postgres)
            assert lent(through) == before
        connection = connection_of(through)
        for _ in range(2):  # a name that the first reader left would be refused to the second one
            with postgres.read() as reader:
                for _ in range(10):  # a driver prepares what it is asked often
                    assert reader.rows("select 'often'") == [("often",)]
        assert connection_of(through) == connection
        assert lent(through) == before


@MODES
def test_an_administrator_makes_the_roles_and_the_next_client_is_nobody_else(guarded: str, mode: str) -> None:
    with psycopg.connect(guarded) as administrator:
        database = administrator.info.dbname
    roles = Roles(*(f"{database}_{kind}" for kind in ("writer", "reader", "limited_reader")))
    with servers.pooler(guarded, pool_mode=mode, default_pool_size=1) as through:
        before, connection = lent(through), connection_of(through)
        prepare(Address.of(through), roles, {})
        assert connection_of(through) == connection
        assert lent(through) == before
    with psycopg.connect(guarded, autocommit=True) as administrator:
        for role in (roles.writer, roles.reader, roles.limited_reader):
            administrator.execute(f"drop owned by {role} cascade".encode())
            administrator.execute(f"drop role {role}".encode())


def lent(through: str) -> list[Any]:
    """What a client finds in the connection that it is lent: who it is, its settings, and what others left."""
    with psycopg.connect(through, application_name="next", prepare_threshold=None) as client:
        return client.execute(
            """select current_user, null::text union all select name, setting from pg_settings
            union all select name, statement from pg_prepared_statements
            union all select relname, null from pg_class where relpersistence = 't'
            union all select mode, null from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()"""
        ).fetchall()


def connection_of(through: str) -> int:
    """The number of the connection that a client is lent."""
    with psycopg.connect(through) as client:
        ((number,),) = client.execute("select pg_backend_pid()").fetchall()
        return int(number)


@pytest.mark.parametrize(
    ("settings", "query", "said"),
    [
        (
            {"pool_mode": "statement"},
            "",
            "statement pooling mode.*set pool_mode of pgbouncer to transaction or session",
        ),
        ({}, "?options=-c%20search_path%3Dx", r"unsupported startup parameter: options.*URL .and PGOPTIONS."),
        ({"databases": "another"}, "", r"no such database: shop\d+; .*name it in pgbouncer's \[databases\]"),
        ({"password": "another"}, "", r"SASL authentication failed; see to user, password .PGPASSWORD"),
    ],
)
def test_what_pgbouncer_refuses_is_said_with_a_remedy_and_not_tried_again(
    home: Home, guarded: str, settings: dict[str, Any], query: str, said: str
) -> None:
    publish_to(home, "old", rows("old", 4), Postgres(home, Address.of(guarded)))
    write_candidate(home, "new", rows("new", 5))
    files = names(home.publications)
    with servers.pooler(guarded, **settings) as through:
        postgres = Postgres(home, Address.of(through + query))
        for ask in (postgres.standing, partial(publish, home, keep=2, warehouses=[postgres])):
            with pytest.raises(WarehouseFailed, match=said) as raised:
                ask()
            assert not raised.value.is_transient
            assert "canary" not in str(raised.value)
        with pytest.raises(WarehouseFailed, match=said), writing(postgres.address):
            pass  # the other driver, whose errors have other forms
    stands_as_before(home, Address.of(guarded), files)


def test_where_pgbouncer_has_another_password_than_the_server_the_server_says_so(home: Home, guarded: str) -> None:
    with servers.pooler(guarded, password="another") as through:
        postgres = Postgres(home, Address.of(through.replace(servers.ENCODED, "another")))
        with pytest.raises(WarehouseFailed, match=r"password authentication failed for user .*PGPASSWORD") as raised:
            postgres.standing()
        assert not raised.value.is_transient


def test_a_server_that_pgbouncer_does_not_reach_is_asked_again(home: Home, guarded: str) -> None:
    with servers.pooler(guarded, at=1, query_wait_timeout=1) as through:  # nobody listens at port 1
        postgres = Postgres(home, Address.of(through))
        with pytest.raises(WarehouseUnavailable, match="once pgbouncer reaches its server"):
            postgres.standing()
        with pytest.raises(WarehouseUnavailable, match="once pgbouncer reaches its server"), writing(postgres.address):
            pass
    with servers.pooler(guarded, at=1) as through:  # it waits for longer than we do
        patient = Address.of(f"{through}?connect_timeout=2")
        with pytest.raises(WarehouseUnavailable, match=r"timeout expired.*once the server takes connections"):
            Postgres(home, patient).standing()


@pytest.mark.parametrize("limit", [{"query_timeout": 1}, {"idle_transaction_timeout": 1}])
def test_a_limit_of_pgbouncer_that_ends_a_publishing_is_named(home: Home, guarded: str, limit: dict[str, Any]) -> None:
    publish_to(home, "old", rows("old", 4), Postgres(home, Address.of(guarded)))
    write_candidate(home, "new", rows("new", 5))
    files = names(home.publications)
    with servers.pooler(guarded, pool_mode="transaction", **limit) as through:
        postgres = Postgres(home, Address.of(through))
        if "query_timeout" in limit:
            with locked(Address.of(guarded), "segments"), pytest.raises(WarehouseFailed, match=LIMITS) as raised:
                publish(home, keep=2, warehouses=[postgres])
        else:
            with pytest.raises(WarehouseFailed, match=LIMITS) as raised:
                _work_slowly(postgres)
        assert not raised.value.is_transient
    stands_as_before(home, Address.of(guarded), files)


def _work_slowly(postgres: Postgres) -> None:
    """In the middle of a transaction, as the comparison of two large publications does."""
    with writing(postgres.address) as cursor:
        time.sleep(4)
        cursor.execute("select 1")
