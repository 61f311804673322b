"""Publishing to Postgres (rules 9.1 and 9.2): the same tables, all at once, and only what changed travels."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

import contract
from flows.command.status import status
from flows.ground.address import Address
from flows.ground.errors import InputError, WarehouseFailed, WarehouseUnavailable
from flows.ground.home import Home
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.files import kept_file
from flows.warehouses.postgres import Postgres
from flows.warehouses.postgres.schema import INDEXES
from flows.warehouses.warehouse import Shown, Warehouse
from tests.warehouses.candidates import names, publish, rollback, standing_in, write_candidate
from tests.warehouses.on_postgres import contents, left_behind, marks, one_publication, publish_to, rows, seen

ROOT = Path(__file__).parent.parent.parent


def test_postgres_shows_the_tables_of_the_file_to_the_last_digit(home: Home, address: Address) -> None:
    file, postgres = DuckDBFile(home), Postgres(home, address)
    for number, count in enumerate((3, 5, 2)):
        publish_to(home, f"build-{number}", rows(f"build-{number}", count, number), file, postgres)
        assert contents(postgres) == contents(file)
        assert seen(address) == (f"build-{number}", count)
    assert postgres.standing() == file.standing()


@pytest.mark.parametrize("says_so", ["environment", "role"])
def test_texts_are_sent_as_utf8_whatever_the_client_is_said_to_speak(
    home: Home, address: Address, monkeypatch: pytest.MonkeyPatch, says_so: str
) -> None:
    """With PGCLIENTENCODING=LATIN1 or a setting of the role texts were encoded twice, and nothing was said."""
    if says_so == "environment":
        monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    else:
        with psycopg.connect(address.reveal()) as connection:
            database = connection.info.dbname  # the tests that follow meet the same role in databases of their own
            connection.execute(f"alter role current_user in database {database} set client_encoding to 'LATIN1'")
    postgres = Postgres(home, address)
    text = "Größe? Ação 😀 배송"
    write_candidate(
        home, "build", {"accounts": [{"account_id": "a", "name": text, "timezone": "UTC", "currency": "EUR"}]}
    )
    publish(home, keep=1, warehouses=[postgres])
    with postgres.read() as reader:
        assert reader.rows("select name from metrics.accounts") == [(text,)]
    with psycopg.connect(address.reveal(), client_encoding="UTF8") as connection:
        assert connection.execute("select name from metrics.accounts").fetchall() == [(text,)]


def test_dates_are_read_whatever_style_the_role_is_set_to(home: Home, address: Address) -> None:
    """With `DateStyle` German the driver raised an error of its own at the second publication, and in `status`."""
    with psycopg.connect(address.reveal()) as connection:
        database = connection.info.dbname
        connection.execute(f"alter role current_user in database {database} set DateStyle to 'German'".encode())
    file, postgres = DuckDBFile(home), Postgres(home, address)
    for build in ("first", "second"):
        publish_to(home, build, rows(build, 2), file, postgres)
    assert contents(postgres) == contents(file)
    assert postgres.standing() == file.standing()


def test_tables_have_their_types_keys_indexes_and_comments(home: Home, address: Address) -> None:
    write_candidate(home, "build", rows("build", 2))
    publish(home, keep=1, warehouses=[Postgres(home, address)])
    with psycopg.connect(address.reveal()) as connection:
        found = connection.execute(
            """select table_name, column_name, coalesce(nullif(data_type, 'ARRAY'), udt_name), numeric_precision,
                numeric_scale, collation_name
            from information_schema.columns where table_schema = 'metrics' order by table_name, ordinal_position"""
        ).fetchall()
        keys = connection.execute(
            """select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint where contype = 'p'
            and connamespace = 'metrics'::regnamespace"""
        ).fetchall()
        indexes = connection.execute("select indexdef from pg_indexes where schemaname = 'metrics'").fetchall()
    types = {
        "string": ("text", None, None, "C"),
        "json": ("text", None, None, "C"),
        "integer": ("bigint", 64, 0, None),
        "decimal": ("numeric", 18, 4, None),
        "double": ("double precision", 53, None, None),
        "boolean": ("boolean", None, None, None),
        "timestamp": ("timestamp with time zone", None, None, None),
        "date": ("date", None, None, None),
        "list<string>": ("_text", None, None, "C"),
    }
    tables = contract.metrics()
    assert found == [
        (name, column.name, *types[column.type]) for name in sorted(tables) for column in tables[name].columns
    ]
    unquoted = {(table, key.replace('"', "")) for table, key in keys}
    assert unquoted == {(f"metrics.{table.name}", f"PRIMARY KEY ({', '.join(table.key)})") for table in tables.values()}
    for table, wanted in INDEXES.items():
        for definition in wanted:
            ending = f" ON metrics.{table} USING btree {definition}"
            assert any(_plain(text).endswith(ending) for (text,) in indexes), ending
    assert comments_in(address) == said(tables)


def _plain(definition: str) -> str:
    """An index as Postgres tells it, as one would write it."""
    for told, written in (('"', ""), ("INCLUDE", "include"), ("::text", ""), (" WHERE ((", " where "), ("))", "")):
        definition = definition.replace(told, written)
    return definition.replace(") AND (", " and ").replace("IS NOT NULL", "is not null")


def test_only_what_changed_travels_however_long_the_history_is(home: Home, address: Address, tmp_path: Path) -> None:
    moved = []
    for count in (100, 900):
        at = Home(tmp_path / str(count))
        postgres = Postgres(at, Address.of(address.reveal().replace("?", f"{count}?")))
        with psycopg.connect(address.reveal(), autocommit=True) as connection:
            connection.execute(f"create database {connection.info.dbname}{count}")
        publish_to(at, "first", rows("same", count), postgres)
        more = rows("same", count + 3)
        more["conversations"][0]["tag"] = "changed"
        del more["products"][7]
        write_candidate(at, "second", more)
        sent = publish(at, keep=2, warehouses=[postgres]).warehouses[0].sent
        assert sent is not None
        moved.append((sent.is_whole, sent.rows, sent.keys, sent.bytes))
    assert moved[0] == moved[1]
    tables = len(contract.metrics()) - 1
    assert moved[0][:3] == (False, 3 * tables + 1 + 1, 2)  # three more rows in each, a changed one, the publication


def test_a_reader_in_a_long_transaction_keeps_its_snapshot_and_holds_nothing_up(home: Home, address: Address) -> None:
    postgres = Postgres(home, address)
    publish_to(home, "old", rows("old", 3), postgres)
    with psycopg.connect(address.reveal()) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        assert one_publication(reader) == ("old", 3)
        for number in range(2):
            publish_to(home, f"new-{number}", rows(f"new-{number}", 5), postgres)
            assert seen(address) == (f"new-{number}", 5)
        assert one_publication(reader) == ("old", 3)


READER = """
import sys, psycopg
from tests.warehouses.on_postgres import one_publication
seen, looks = [], 0
with psycopg.connect(sys.argv[1]) as connection:
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    while not seen or seen[-1] != "last":
        build, _ = one_publication(connection)
        connection.rollback()
        looks += 1
        if not seen or build != seen[-1]:
            seen.append(build)
            print(build, flush=True)
print(looks)
"""


def test_readers_never_see_two_publications_at_once(home: Home, address: Address) -> None:
    postgres = Postgres(home, address)
    publish_to(home, "build-0", rows("build-0", 20), postgres)
    command = [sys.executable, "-W", "error", "-c", READER, address.reveal()]
    readers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(2)]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "build-0\n"
    for number in range(1, 5):
        publish_to(home, f"build-{number}", rows(f"build-{number}", 20 + number, number), postgres)
    publish_to(home, "last", rows("last", 10), postgres)
    for reader in readers:
        said, _ = reader.communicate(timeout=60)
        assert reader.returncode == 0, said
        assert said.splitlines()[-2] == "last"
        assert int(said.splitlines()[-1]) > 10


def test_a_warehouse_that_did_not_answer_is_caught_up_by_the_next_publishing(
    home: Home, address: Address, tmp_path: Path
) -> None:
    file, postgres = DuckDBFile(home), Postgres(home, address)
    publish_to(home, "one", rows("one", 3), file, postgres)
    with away(address):
        done = publish_to(home, "two", rows("two", 4), file, postgres)
        shown, missed = done.warehouses
        assert (done.outcome, shown) == ("published", Shown(str(file)))
        assert (missed.warehouse, missed.sent) == (str(postgres), None)
        assert "not currently accepting connections" in (missed.error or "")
        assert marks(home) == "two"
        publish_to(home, "three", rows("three", 4), file, postgres)
        publish_to(home, "four", rows("four", 4), file, postgres)
        one, two = status(home, [file, postgres]).warehouses
        assert (one.is_behind, two.is_behind) == (False, True)
        assert two.error is not None
        assert two.publication_id is not None
        assert kept_file(home, two.publication_id).exists()  # what it stands at, so that the difference can be sent
    assert seen(address) == ("one", 3)
    caught_up = publish(home, keep=2, warehouses=[file, postgres])
    assert (caught_up.outcome, [one.error for one in caught_up.warehouses]) == ("nothing_new", [None, None])
    assert seen(address) == ("four", 4)
    assert contents(postgres) == contents(file)
    assert not any(one.is_behind for one in status(home, [file, postgres]).warehouses)
    assert sum(name.endswith(".duckdb") for name in names(home.publications)) == 2


def test_where_the_only_warehouse_does_not_answer_nothing_is_sealed(home: Home, address: Address) -> None:
    postgres = Postgres(home, address)
    publish_to(home, "one", rows("one", 3), postgres)
    before = names(home.publications)
    with away(address), pytest.raises(WarehouseUnavailable, match="not currently accepting connections"):
        publish_to(home, "two", rows("two", 3), postgres)
    assert names(home.publications) == before
    publish_to(home, "two", rows("two", 3), postgres)
    assert seen(address) == ("two", 3)
    assert not home.published_file.exists()


class away:  # noqa: N801
    """A database that takes no connections."""

    def __init__(self, address: Address) -> None:
        self.url = re.sub(r"/shop\d+", "/postgres", address.reveal())
        self.database = re.findall(r"shop\d+", address.reveal())[0]

    def __enter__(self) -> None:
        self._allow("false")

    def __exit__(self, *_: object) -> None:
        self._allow("true")

    def _allow(self, answer: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"alter database {self.database} allow_connections {answer}")


def test_going_back_and_its_hold_work_with_postgres_alone_and_are_known_to_another_home(
    home: Home, address: Address, tmp_path: Path
) -> None:
    postgres = Postgres(home, address)
    publish_to(home, "one", rows("one", 3), postgres)
    publish_to(home, "two", rows("two", 4), postgres)
    restore = rollback(home, keep=2, warehouses=[postgres])
    assert seen(address) == ("one", 3)
    assert publish_to(home, "three", rows("three", 5), postgres).outcome == "held"
    other = Home(tmp_path / "other")
    assert publish_to(other, "other", rows("other", 5), Postgres(other, address)).outcome == "held"
    assert seen(address) == ("one", 3)
    assert publish(home, keep=2, resume=True, warehouses=[postgres]).outcome == "published"
    assert seen(address) == ("three", 5)
    standing = postgres.standing()
    assert standing is not None
    assert standing.find(restore.publication_id) == restore


def test_a_restore_that_one_warehouse_missed_reaches_it_although_publications_are_held(
    home: Home, address: Address
) -> None:
    file, postgres = DuckDBFile(home), Postgres(home, address)
    publish_to(home, "one", rows("one", 3), file, postgres)
    publish_to(home, "two", rows("two", 4), file, postgres)
    with away(address):
        rollback(home, keep=2, warehouses=[file, postgres])
    assert publish(home, keep=2, warehouses=[file, postgres]).outcome == "held"
    assert seen(address) == ("one", 3)


def test_a_home_that_was_lost_replaces_everything_and_keeps_the_history(
    home: Home, address: Address, tmp_path: Path
) -> None:
    publish_to(home, "old", rows("old", 6), Postgres(home, address))
    fresh = Home(tmp_path / "fresh")
    postgres = Postgres(fresh, address)
    publish_to(fresh, "new", rows("new", 3), postgres)
    assert seen(address) == ("new", 3)
    standing = postgres.standing()
    assert standing is not None
    assert len(standing.publications) == 2


def test_a_second_warehouse_gets_the_whole_history_whichever_comes_second(home: Home, address: Address) -> None:
    file, postgres = DuckDBFile(home), Postgres(home, address)
    publish_to(home, "one", rows("one", 3), postgres)
    publish_to(home, "two", rows("two", 3), postgres)
    assert publish(home, keep=2, warehouses=[postgres, file]).outcome == "nothing_new"
    assert file.standing() == postgres.standing()
    publish_to(home, "three", rows("three", 3), file)
    assert len(standing_in(home).publications) == 3


def test_a_home_that_leaves_postgres_for_the_file_takes_its_history_along(home: Home, address: Address) -> None:
    for build in ("one", "two"):
        publish_to(home, build, rows(build, 3), Postgres(home, address))
    publish_to(home, "three", rows("three", 3), DuckDBFile(home))
    assert len(standing_in(home).publications) == 3
    assert "standing.json" not in names(home.publications) or "postgres" not in (
        home.publications / "standing.json"
    ).read_text("utf-8")


@pytest.mark.parametrize("table", ["skills", "conversations", "publications"])
@pytest.mark.parametrize("with_file", [True, False])
def test_a_table_that_was_dropped_comes_back_with_the_next_publishing(
    home: Home, address: Address, table: str, with_file: bool
) -> None:
    """The doctor said to publish again, and publishing said that there was nothing new."""
    postgres = Postgres(home, address)
    warehouses: list[Warehouse] = [DuckDBFile(home), postgres] if with_file else [postgres]
    publish_to(home, "shop", rows("shop", 4), *warehouses)
    with psycopg.connect(address.reveal()) as connection:
        connection.execute(f"drop table metrics.{table}".encode())
    assert status(home, warehouses).warehouses[-1].is_behind == (with_file or table != "publications")
    publish(home, keep=2, warehouses=warehouses)
    assert seen(address) == ("shop", 4)


def test_whoever_leaves_the_file_for_postgres_takes_the_history_along(home: Home, address: Address) -> None:
    """After two publications to the file, Postgres alone was refused: the published file, which was there, was gone."""
    for build in ("one", "two"):
        publish_to(home, build, rows(build, 3), DuckDBFile(home))
    postgres = Postgres(home, address)
    publish(home, keep=2, warehouses=[postgres])
    published = postgres.standing()
    assert published
    assert len(published.publications) == 3
    assert seen(address) == ("two", 3)
    rollback(home, keep=2, warehouses=[postgres])
    assert seen(address) == ("two", 3)  # what was published before to the file is the same
    assert len(standing_in(home).publications) == 2


@pytest.mark.parametrize(
    "damage",
    [
        "delete from metrics.conversations",
        "insert into metrics.messages (account_id, message_id) values ('account 0 00004', 'it''s 00004')",
        "drop table metrics.skills",
    ],
)
def test_what_somebody_changed_by_hand_is_put_right(
    home: Home, address: Address, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    postgres = Postgres(home, address)
    publish_to(home, "old", rows("old", 4), postgres)
    with psycopg.connect(address.reveal()) as connection:
        connection.execute(damage.encode())
    publish_to(home, "new", rows("new", 5), postgres)
    assert seen(address) == ("new", 5)


def test_tables_that_nobody_published_are_left_alone(home: Home, address: Address) -> None:
    with psycopg.connect(address.reveal()) as connection:
        connection.execute("create schema metrics; create table metrics.conversations as select 1 as mine")
    with pytest.raises(InputError, match="tables that nobody published: conversations"):
        publish_to(home, "build", rows("build", 1), Postgres(home, address))
    with psycopg.connect(address.reveal()) as connection:
        assert connection.execute("select mine from metrics.conversations").fetchall() == [(1,)]


def test_an_id_too_long_for_an_index_is_refused_and_the_last_publication_stands(home: Home, address: Address) -> None:
    postgres = Postgres(home, address)
    publish_to(home, "old", rows("old", 2), postgres)
    content = rows("new", 2)
    content["products"][0]["product_id"] = "".join(chr(0x4E00 + number) for number in range(3000))
    with pytest.raises(WarehouseFailed, match=r"(?s)index row.*an id is too long") as raised:
        publish_to(home, "new", content, postgres)
    assert not raised.value.is_transient
    assert seen(address) == ("old", 2)
    assert left_behind(address) == []


def test_columns_and_tables_of_a_later_minor_contract_are_added(
    home: Home, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres = Postgres(home, address)
    earlier = {
        name: contract.Table(name, tuple(c for c in table.columns if c.name != "label"), table.key)
        for name, table in contract.metrics().items()
        if name != "segments"
    }
    with monkeypatch.context() as patched:
        patched.setattr(contract, "metrics", lambda: earlier)
        publish_to(home, "old", rows("old", 2), postgres)
    publish_to(home, "new", rows("new", 3), postgres)
    assert seen(address) == ("new", 3)
    rollback(home, keep=2, warehouses=[postgres])  # to what knew neither of them
    with psycopg.connect(address.reveal()) as connection:
        assert connection.execute("select count(*), count(label) from metrics.skills").fetchall() == [(2, 0)]
        assert connection.execute("select count(*) from metrics.segments").fetchall() == [(0,)]
    publish(home, keep=2, warehouses=[DuckDBFile(home), postgres])
    with psycopg.connect(address.reveal()) as connection:
        connection.execute("drop schema metrics, provenance cascade")
    publish(home, keep=2, warehouses=[DuckDBFile(home), postgres])  # the old publication, sent whole
    with psycopg.connect(address.reveal()) as connection:
        assert connection.execute("select count(*), count(label) from metrics.skills").fetchall() == [(2, 0)]
        assert connection.execute("select count(*) from metrics.segments").fetchall() == [(0,)]


def test_a_column_of_the_version_before_becomes_a_decimal_for_whoever_reads_it(
    home: Home, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1.5 pieces do not fit into the bigint that the table had, under a view that a limited reader has."""
    postgres = Postgres(home, address)
    lines = contract.metrics()["attributed_order_lines"]
    columns = tuple(replace(c, type="integer") if c.name == "quantity" else c for c in lines.columns)
    with monkeypatch.context() as patched:
        earlier = contract.metrics() | {lines.name: replace(lines, columns=columns)}
        patched.setattr(contract, "metrics", lambda: earlier)
        publish_to(home, "old", rows("old", 2), postgres)
    with psycopg.connect(address.reveal()) as connection:
        connection.execute("create schema metrics_limited")
        connection.execute(
            "create view metrics_limited.attributed_order_lines as from_table".replace(
                "from_table", "select quantity from metrics.attributed_order_lines"
            ).encode()
        )
    publish_to(home, "new", rows("new", 3), postgres)
    assert seen(address) == ("new", 3)
    kind = "select format_type(atttypid, atttypmod) from pg_attribute where attname = 'quantity' and attrelid = "
    with psycopg.connect(address.reveal()) as connection:
        found = connection.execute(f"{kind} 'metrics.attributed_order_lines'::regclass".encode()).fetchall()
    assert found == [("numeric(18,4)",)]
    rollback(home, keep=2, warehouses=[postgres])  # to a file with integers
    assert seen(address) == ("old", 2)


def comments_in(address: Address) -> dict[tuple[str, int], str]:
    """What Postgres says of the tables (place 0) and their columns, by their places from 1."""
    with psycopg.connect(address.reveal()) as connection:
        found = connection.execute(
            """select relname, objsubid, description from pg_description join pg_class on pg_class.oid = objoid
            where relnamespace = 'metrics'::regnamespace and relkind = 'r'"""
        ).fetchall()
    return {(table, place): text for table, place, text in found}


def said(tables: Mapping[str, contract.Table]) -> dict[tuple[str, int], str]:
    """What the dictionary says of them, in that shape."""
    return {
        (table.name, place): text
        for table in tables.values()
        for place, text in enumerate([table.about, *(column.about for column in table.columns)])
    }


def test_a_better_description_reaches_tables_that_stand_already(
    home: Home, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Comments were only made with their table or column, so Postgres kept the first wording for ever."""
    postgres = Postgres(home, address)

    def vague(table: contract.Table) -> contract.Table:
        columns = tuple(replace(column, about="A 'column'.") for column in table.columns)
        return replace(table, about="It's something.", columns=columns)

    worse = {name: vague(table) for name, table in contract.metrics().items()}
    with monkeypatch.context() as patched:
        patched.setattr(contract, "metrics", lambda: worse)
        publish_to(home, "old", rows("old", 2), postgres)
    assert comments_in(address) == said(worse)
    publish_to(home, "new", rows("new", 3), postgres)
    assert comments_in(address) == said(contract.metrics())


def test_indexes_of_a_later_version_are_made_and_no_index_twice(home: Home, address: Address) -> None:
    postgres = Postgres(home, address)
    publish_to(home, "first", rows("first", 3), postgres)

    def indexes() -> set[str]:
        with psycopg.connect(address.reveal()) as connection:
            found = connection.execute("select indexname from pg_indexes where schemaname = 'metrics'").fetchall()
        return {name for (name,) in found}

    before = indexes()
    with psycopg.connect(address.reveal(), autocommit=True) as connection:
        connection.execute("drop index metrics.conversations_account_id_last_message_at_idx")
    publish_to(home, "second", rows("second", 3), postgres)
    assert indexes() == before
