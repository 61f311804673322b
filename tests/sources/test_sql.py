"""A database of the shop's as a source: a real Postgres and SQLite, exact values, nothing lost and nothing twice."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import ValidationError

from flows.ground.errors import InputError, SourceRefused, SourceUnavailable
from flows.lake import Lake
from flows.sources.api import Known, loading
from flows.sources.sql import database
from flows.sources.sql.client import Client
from flows.sources.sql.settings import SqlSettings
from tests.sources.pulled import ACCOUNT, count, current, pulled
from tests.warehouses import servers

COLUMNS = {"order_id": "id", "placed_at": "created", "email": "mail"}
ORDERS = {"table": "o", "cursor": "changed", "columns": COLUMNS}
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def _server() -> Iterator[str]:
    with servers.wheel() as server:
        with psycopg.connect(server.format(database="postgres"), autocommit=True) as connection:
            connection.execute("alter system set fsync = off")
            connection.execute("select pg_reload_conf()")
        yield server


@pytest.fixture
def postgres(_server: str) -> str:
    return servers.fresh(_server)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres"))
    (tmp_path / "it's a shop.db").touch()
    return f"sqlite:///{tmp_path / 'it'}'s a shop.db"


def run(url: str, *statements: str) -> None:
    """Change the database, as its applications do."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            for statement in statements:
                file.execute(statement)
            file.commit()
        return
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def client(url: str, **tables: dict[str, Any]) -> Client:
    settings = SqlSettings(tables=tables or {"orders": ORDERS})
    return Client(ACCOUNT, settings, {"SQL_DATABASE_URL": url}, lambda _: None)


def read(one: Client, lake: Lake) -> int:
    """Rows that a pull would ask for."""
    place = {name.removeprefix(f"{ACCOUNT}/"): value for name, value in lake.inputs("sql").items()}
    return sum(batch.count for batch in one.read(place, Known(lake, ACCOUNT)))


def with_orders(url: str, number: int = 3, changed: str = "timestamp", values: str = "null") -> None:
    run(
        url,
        f"create table o (id integer primary key, created timestamp, currency text, mail text, changed {changed})",
        f"""insert into o with recursive n(i) as (select 1 union all select i + 1 from n where i < {number})
        select i, cast('2026-05-01 10:00:00' as {_time(url)}), 'EUR',
            'shopper' || i || '@example.com', {values} from n""",
    )


def test_rows_stand_as_the_database_has_them(url: str, lake: Lake) -> None:
    with_orders(url)
    run(
        url,
        "alter table o add column note text",
        "create table lines (order_line_id integer, order_id integer, product_id text, quantity integer, "
        "unit_price numeric(12,4), account_id text)",
        "insert into lines values (1, 1, '007', 2, 19.9901, null), (2, 1, 'ü', 1, 0.1, ''), (3, 1, 'x', 1, 1, 'other')",
    )
    summary = pulled("sql", client(url, orders=ORDERS, order_lines={"table": "lines"}), lake)
    assert (summary.rows, summary.refused) == ({"orders": 3, "order_lines": 3}, {})
    assert summary.ignored_columns == {"orders": ["note"]}
    order = current(lake, "orders")["2"]
    assert (order["account_id"], order["email"], order["currency"]) == (ACCOUNT, "shopper2@example.com", "EUR")
    assert order["placed_at"] == datetime(2026, 5, 1, 10, tzinfo=UTC)  # a time without a zone is UTC
    assert list(json.loads(order["_payload"])) == ["id", "created", "currency", "mail", "changed", "note"]
    lines = current(lake, "order_lines")
    assert (lines["1"]["unit_price"], lines["2"]["unit_price"]) == (Decimal("19.9901"), Decimal("0.1"))
    assert [lines[number]["account_id"] for number in "123"] == [ACCOUNT, ACCOUNT, "other"]
    assert (lines["1"]["product_id"], lines["2"]["product_id"]) == ("007", "ü")


def test_the_second_pull_asks_for_what_changed_and_writes_nothing_twice(url: str, lake: Lake) -> None:
    late = f"cast('2026-06-01 13:00:00' as {_time(url)})"
    with_orders(url, 100, values=f"case when i < 50 then cast('2026-06-01 12:00:00' as {_time(url)}) else {late} end")
    pulled("sql", client(url), lake)
    assert read(client(url), lake) == 51  # those that share the last value
    assert pulled("sql", client(url), lake).loads == []
    run(url, "update o set mail = 'new@example.com', changed = '2026-06-02 00:00:00' where id = 7")
    assert pulled("sql", client(url), lake).rows == {"orders": 1}
    assert current(lake, "orders")["7"]["email"] == "new@example.com"
    assert (len(current(lake, "orders")), count(lake, "orders")) == (100, 101)


def _time(url: str) -> str:
    return "text" if url.startswith("sqlite") else "timestamp"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("timestamptz", "timestamptz '2026-03-29 01:30:00+02' + i * interval '1 microsecond'"),
        ("timestamp", "timestamp '2026-03-29 02:30:00' + i * interval '1 hour'"),
        ("date", "date '2026-06-01' + i"),
        ("bigint", "9007199254740993 + i"),
        ("numeric", "i + 0.12345678901234567890"),
        ("double precision", "i / 3.0"),
        ("uuid", "lpad(i::text, 32, '0')::uuid"),
        ("text", "'it''s %(x)s :y ' || chr(64 + i)"),
        ("pg_lsn", "('0/' || i)::pg_lsn"),
        ("bytea", "decode(lpad(i::text, 4, '0'), 'hex')"),
    ],
)
def test_every_kind_of_cursor_goes_on_where_it_stopped(kind: str, value: str, postgres: str, lake: Lake) -> None:
    with_orders(postgres, 9, kind, value)
    for expected in (9, 0):
        assert sum(pulled("sql", client(postgres), lake).rows.values()) == expected
        assert read(client(postgres), lake) == 1
    run(postgres, f"insert into o select i, now(), 'EUR', null, {value} from (select 10 as i)")
    assert pulled("sql", client(postgres), lake).rows == {"orders": 1}


def test_names_are_quoted_and_queries_stand_as_they_are(url: str, lake: Lake) -> None:
    run(
        url,
        'create table "My ""Orders" (id integer, "Changed ""At" integer, note text)',
        """insert into "My ""Orders" values (1, 5, '100% of :x')""",
    )
    query = """with a as (select * from "My ""Orders" where note like '%% of :x' or note like '100% of :x')
        select id, '2026-05-01 10:00:00' as created, 'EUR' as currency, "Changed ""At" from a where id > 0; """
    mine = {"query": query, "cursor": 'Changed "At', "columns": {"order_id": "id", "placed_at": "created"}}
    assert pulled("sql", client(url, orders=mine), lake).rows == {"orders": 1}
    run(url, """insert into "My ""Orders" values (2, 6, '100% of :x'), (3, 4, '100% of :x')""")
    assert pulled("sql", client(url, orders={**mine}), lake).rows == {"orders": 1}
    plain = {"table": 'My "Orders', "cursor": 'Changed "At', "columns": {"product_id": "id", "title": "note"}}
    assert pulled("sql", client(url, products=plain), lake).rows == {"products": 3}
    commented = {"query": "select 'x' as skill, 1 as is_available -- all of them"}
    assert pulled("sql", client(url, skills=commented), lake).rows == {"skills": 1}
    assert current(lake, "skills")["x"]["is_available"] is True  # SQLite and MySQL have no booleans


def test_a_pull_that_was_cut_off_goes_on_although_many_share_a_value(
    url: str, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "FETCH", 10)
    monkeypatch.setattr(loading, "COMMIT_ROWS", 20)
    with_orders(url, 100, "integer", "case when i between 20 and 70 then 20 else i end")
    loads = 0
    while pulled("sql", client(url), Lake(tmp_path / "lake"), minutes=0).loads:  # nothing is kept between them
        loads += 1
        assert loads < 12
    assert (len(current(lake, "orders")), count(lake, "orders")) == (100, 100)


def test_rows_without_a_value_of_the_cursor_are_looked_at_each_time(url: str, lake: Lake) -> None:
    with_orders(url, 4, "integer", "case when i > 2 then i end")
    assert pulled("sql", client(url), lake).rows == {"orders": 4}
    assert pulled("sql", client(url), lake).loads == []
    run(url, "update o set mail = 'new@example.com' where id = 1")
    assert pulled("sql", client(url), lake).rows == {"orders": 1}
    assert current(lake, "orders")["1"]["email"] == "new@example.com"


def test_a_row_below_the_cursor_is_found_by_an_overlap(postgres: str, lake: Lake) -> None:
    with_orders(postgres, 1, "timestamptz", "timestamptz '2026-06-01 12:00:00Z'")
    pulled("sql", client(postgres), lake)
    run(postgres, "insert into o values (2, now(), 'EUR', null, '2026-06-01 11:55:00Z')")
    assert pulled("sql", client(postgres), lake).rows == {}
    overlapping = client(postgres, orders={**ORDERS, "overlap_minutes": 10})
    assert pulled("sql", overlapping, lake).rows == {"orders": 1}
    assert pulled("sql", overlapping, lake).loads == []
    run(postgres, "delete from o", "insert into o values (3, now(), 'EUR', null, '2026-06-01 11:54:00Z')")
    assert pulled("sql", overlapping, lake).rows == {"orders": 1}
    run(postgres, "insert into o values (4, now(), 'EUR', null, '2026-06-01 11:49:00Z')")
    assert pulled("sql", overlapping, lake).rows == {}  # the place went not back


def test_an_overlap_of_what_is_no_timestamp_is_refused(postgres: str, lake: Lake) -> None:
    with_orders(postgres, 1, "integer", "5")
    overlapping = client(postgres, orders={**ORDERS, "overlap_minutes": 10})
    pulled("sql", overlapping, lake)
    with pytest.raises(SourceRefused, match="changed is not a timestamp"):
        pulled("sql", overlapping, lake)


def test_without_a_cursor_only_what_changed_is_written_and_refused_rows_once(url: str, lake: Lake) -> None:
    run(
        url,
        "create table p (product_id integer, title text, url text)",
        "insert into p values (1, 'Chair', null), (2, 'Table', null), (null, 'Nothing', null)",
    )
    products = client(url, products={"table": "p"})
    summary = pulled("sql", products, lake)
    assert (summary.rows, summary.refused) == ({"products": 3}, {"products": 1})
    assert "product_id is missing" in summary.refusals[0]
    assert pulled("sql", products, lake).loads == []
    run(url, "update p set title = 'Desk' where product_id = 2")
    assert pulled("sql", products, lake).rows == {"products": 1}
    run(url, "update p set title = 'Table' where product_id = 2")  # back again
    assert pulled("sql", products, lake).rows == {"products": 1}
    assert current(lake, "products")["2"]["title"] == "Table"


def test_a_value_beyond_all_others_does_not_end_the_cursor(postgres: str, lake: Lake) -> None:
    with_orders(postgres, 5, "timestamptz", "case when i < 4 then now() + i * interval '1 hour' else 'infinity' end")
    assert pulled("sql", client(postgres), lake).refused == {}
    assert read(client(postgres), lake) == 3
    run(postgres, "insert into o values (6, 'infinity', 'EUR', null, now() + interval '1 day')")
    summary = pulled("sql", client(postgres), lake)
    assert (summary.rows, summary.refused) == ({"orders": 1}, {"orders": 1})
    assert 'placed_at is not a timestamp of the years 1900 to 2200: "infinity"' in summary.refusals[0]


def test_a_column_of_many_types_is_read_in_the_order_of_its_numbers(tmp_path: Path, lake: Lake) -> None:
    file = tmp_path / "shop.db"
    file.touch()
    url = f"sqlite:///{file}"
    with_orders(url, 5, "any", "case when i < 4 then i else 'z' end")
    pulled("sql", client(url), lake)
    run(url, "insert into o values (6, '2026-05-01', 'EUR', null, 4)")
    assert pulled("sql", client(url), lake).rows == {"orders": 1}


def test_other_settings_of_a_table_begin_anew_and_write_nothing_twice(url: str, lake: Lake) -> None:
    with_orders(url, 5, "integer", "i")
    pulled("sql", client(url), lake)
    other = client(url, orders={"query": "select * from o", "cursor": "changed", "columns": COLUMNS})
    assert read(other, lake) == 5
    assert pulled("sql", other, lake).rows == {"orders": 0}
    assert read(other, lake) == 1  # the place is kept although nothing was new
    mapped = client(url, orders={**ORDERS, "columns": {**COLUMNS, "visitor_id": "mail"}})
    assert pulled("sql", mapped, lake).rows == {"orders": 5}


@pytest.mark.parametrize("cursor", ["changed", None])
def test_a_table_that_changes_while_it_is_read_is_one_snapshot(
    cursor: str | None, postgres: str, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "FETCH", 10)
    with_orders(postgres, 100, "integer", "case when i > 5 then i end")
    batches = client(postgres, orders={**ORDERS, "cursor": cursor}).read({}, Known(lake, ACCOUNT))
    first = next(batches).count
    run(postgres, "update o set changed = 1000 + id where id % 2 = 0", "delete from o where id % 3 = 0")
    assert first + sum(batch.count for batch in batches) == 100


def test_nothing_can_be_written(postgres: str) -> None:
    run(postgres, "create sequence s")
    with pytest.raises(SourceRefused, match="read-only transaction"):
        list(client(postgres, skills={"query": "select nextval('s')::text as skill"}).read({}, None))  # type: ignore[arg-type]


def test_values_are_exact_and_what_does_not_fit_is_refused_word_for_word(postgres: str, lake: Lake) -> None:
    run(
        postgres,
        """create table l (id text, price numeric, quantity numeric, sku bytea, other jsonb, time time,
            range int4range, ip inet, yes boolean, far double precision)""",
        """insert into l values
            ('exact', 12345678901234.5678, 2.0, null, '{"n": 12345678901234567890.10, "t": "ä\\u0001"}', '10:00',
                '[1,5)', '::1', true, 'Infinity'),
            ('nan', 'NaN', 1, null, null, null, null, null, null, null),
            ('bytes', 1, 1, '\\x00ff', 'null', null, null, null, null, null)""",
        "create table m (id uuid, at timestamptz, products text[])",
        """insert into m values (md5('x')::uuid, '1850-01-01 00:00:00+00', array['1']),
            (md5('y')::uuid, '2026-06-01 14:00:00+02', array['1', null, 'it''s "2"', ''])""",
    )
    columns = {"order_line_id": "id", "order_id": "id", "product_id": "id", "unit_price": "price"}
    messages = """select id as message_id, '1' as conversation_id, 'agent' as sender, at as sent_at,
        products as recommended_product_ids from m"""
    summary = pulled(
        "sql", client(postgres, messages={"query": messages}, order_lines={"table": "l", "columns": columns}), lake
    )
    assert summary.refused == {"messages": 1, "order_lines": 2}
    said = " ".join(summary.refusals)
    assert 'unit_price is not a decimal(18,4): "NaN"' in said
    assert 'sku is not text: {"base64": "AP8="}' in said
    assert "sent_at is not a timestamp of the years 1900 to 2200" in said
    line = current(lake, "order_lines")["exact"]
    assert (line["unit_price"], line["quantity"]) == (Decimal("12345678901234.5678"), 2)
    assert '"n": 12345678901234567890.10' in line["_payload"]
    payload = json.loads(line["_payload"])
    assert (payload["time"], payload["range"], payload["ip"]) == ("10:00:00", "[1, 5)", "::1")
    assert (payload["yes"], payload["far"], payload["other"]["t"]) == (True, "inf", "ä\u0001")
    [message] = current(lake, "messages").values()
    assert (message["sent_at"], message["recommended_product_ids"]) == (NOON, ["1", 'it\'s "2"'])


def test_a_connection_that_is_lost_can_be_tried_again_and_what_came_is_kept(
    postgres: str, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "FETCH", 10)
    monkeypatch.setattr(loading, "COMMIT_ROWS", 10)
    with_orders(postgres, 100, "integer", "i")
    committed = loading._Loading.commit

    def commit(self: loading._Loading) -> None:
        committed(self)
        if len(self._loads) == 3:
            run(
                postgres,
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'agent-metrics'",
            )

    monkeypatch.setattr(loading._Loading, "commit", commit)
    with pytest.raises(SourceUnavailable, match="terminating connection") as raised:
        pulled("sql", client(postgres), lake)
    assert raised.value.is_transient
    assert 30 <= len(current(lake, "orders")) < 100
    monkeypatch.setattr(loading._Loading, "commit", committed)
    pulled("sql", client(postgres), lake)
    assert (len(current(lake, "orders")), count(lake, "orders")) == (100, 100)


def test_wrong_credentials_and_databases_are_said_without_the_password() -> None:
    with servers.with_passwords() as server:
        right = server.format(database="postgres")
        wrong, nowhere = right.replace(servers.ENCODED, "wr0ng%2Fcanary"), server.format(database="nowhere")
        for url, match in ((wrong, "authentication failed.*see to user and password"), (nowhere, "does not exist")):
            with pytest.raises(SourceRefused, match=match) as raised:
                client(url).check()
            assert "canary" not in repr(raised.value)
            assert not raised.value.is_transient
        run(right, "create role reader login password 'canary'", "create table o (id integer)")
        reader = right.replace(f"postgres:{servers.ENCODED}", "reader:canary")
        with pytest.raises(SourceRefused, match="permission denied for table o; grant SELECT"):
            client(reader).check()
    with pytest.raises(SourceUnavailable, match=r"refused.*see to the network") as gone:
        client(right).check()
    assert gone.value.is_transient
    assert "canary" not in repr(gone.value)


@pytest.mark.parametrize(
    ("url", "match"),
    [
        (
            "mysql+pymysql://me:canary@127.0.0.1/d",
            "the driver pymysql is not installed; install it: pip install 'pymysql'",
        ),
        ("mssql+pyodbc:///?odbc_connect=PWD%3Dcanary", "pip install 'pyodbc'"),
        ("snowflake://me:canary@there/d", "pip install 'snowflake-sqlalchemy'"),
        ("postgresql+asyncpg://me:canary@127.0.0.1/d", "asynchronous.*psycopg"),
        ("sqlite:////nowhere/shop.db", "sqlite:////nowhere/shop.db: there is no such file"),
        ("postgres://me:canary@nowhere.invalid/d", "postgresql://nowhere.invalid/d: the database says"),
    ],
)
def test_what_cannot_be_reached_is_said_in_one_sentence(url: str, match: str) -> None:
    with pytest.raises(SourceUnavailable, match=match) as raised:
        client(url).check()
    assert "canary" not in repr(raised.value)


def test_a_url_that_is_none_is_not_repeated() -> None:
    with pytest.raises(InputError, match="env:SQL_DATABASE_URL: this is not a URL") as raised:
        client("me:canary@there")
    assert "canary" not in repr(raised.value)
    with pytest.raises(InputError, match="SQL_DATABASE_URL is not set"):
        client("")


def test_check_says_which_tables_are_there(url: str) -> None:
    with_orders(url)
    assert client(url).check().endswith("answers, orders is there")
    skills = {"query": "select 'a' as skill"}
    with pytest.raises(SourceRefused, match=r"table products: .*nowhere.*; orders, skills are there"):
        client(url, orders=ORDERS, products={"table": "nowhere"}, skills=skills).check()


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"cursor": "changd"}, "changd"),
        ({"cursor": "Chang d"}, "there is no column Chang d; the columns are id, created"),
        ({"columns": {**COLUMNS, "email": "mial"}}, "there is no column mial; the columns are id, created"),
        ({"columns": {}}, "the required columns order_id, placed_at cannot be filled"),
        ({"table": None, "query": "select id, id from o"}, "the column id more than once|are id, id:1"),
        ({"table": None, "query": "select from where"}, "the database says: .*syntax"),
    ],
)
def test_a_column_that_is_not_there_is_named(changes: dict[str, Any], match: str, url: str, lake: Lake) -> None:
    with_orders(url)
    with pytest.raises(SourceRefused, match=match) as raised:
        client(url, orders={**ORDERS, **changes}).check()
    assert "orders" in str(raised.value)


@pytest.mark.parametrize(
    ("table", "match"),
    [
        ({}, "give either table or query"),
        ({"table": "o", "query": "select 1"}, "give either table or query"),
        ({"table": "o", "overlap_minutes": 5}, "needs a cursor"),
        ({"table": "o", "columns": {"mail": "mail"}}, "'orders' has no column mail"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(table: dict[str, Any], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        SqlSettings(tables={"orders": table})
    with pytest.raises(ValidationError, match="there is no landing table 'order'"):
        SqlSettings(tables={"order": {"table": "o"}})


def test_pandas_is_not_imported(url: str, tmp_path: Path) -> None:
    with_orders(url)
    program = """
import sys
from pathlib import Path
from flows.lake import Lake
from flows.ground.progress import Silent
from flows.sources.api import pull
from flows.sources.sql.client import Client
from flows.sources.sql.settings import SqlSettings
settings = SqlSettings(tables={"orders": {"table": "o", "columns": {"order_id": "id", "placed_at": "created"}}})
client = Client("shop", settings, {"SQL_DATABASE_URL": sys.argv[1]}, print)
print(pull("sql", client, Lake(Path(sys.argv[2])), Silent(), 10).rows, "pandas" in sys.modules)
"""
    command = [sys.executable, "-c", program, url, str(tmp_path / "lake")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "{'orders': 3} False\n", done.stderr
