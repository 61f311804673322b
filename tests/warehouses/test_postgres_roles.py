"""Least privilege: who publishes, who reads, and who reads no texts, no contact data and no other account."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import psycopg
import pytest

import contract
from flows.command.status import status
from flows.ground.address import Address
from flows.ground.errors import InputError, WarehouseFailed
from flows.ground.home import Home
from flows.published.report import report
from flows.warehouses.postgres import Postgres, Roles, prepare
from flows.warehouses.postgres.access import OF_ALL_ACCOUNTS, VIEWS, WITHHELD
from tests.warehouses.on_postgres import contents, left_behind, publish_to, rows, seen
from tests.warehouses.servers import PASSWORD

# Text that neither a shopper wrote nor reaches one: ids, words of lists, names that the shop gave to what is its own.
HARMLESS = {
    "account_id", "name", "timezone", "currency", "profile_id", "product_id", "title", "url", "article_id",
    "conversation_id", "channel", "status", "legacy_status", "closed_by", "tag", "initial_skill", "final_skill",
    "handoff_method", "escalation_reason", "ticket_platform", "ticket_id", "message_id", "sender", "skill",
    "recommended_product_ids", "interaction_id", "type", "handoff_event_id", "reason", "platform", "event_id", "event",
    "event_name", "product_ids", "order_line_id", "order_id", "touch_type", "touch_id", "label", "topic_id",
    "best_article_id", "segment", "description", "definition", "rejected_row_id", "source", "table", "publication_id",
    "row_counts", "restores_publication_id", "figure_id", "statistic", "likely_reason",
    "change_id", "change", "other_topic_id", "like_topic_id", "kind", "row_id", "parent_table", "parent_id", "agent",
    "email_reach", "sms_reach", "whatsapp_reach", "suppressed_by",
    "article_ids", "matched_by", "satisfaction", "figure", "state", "thing",
    "recontacted_by", "recontact_id", "open_reason", "method", "outcome", "outcome_reason", "tool",
}  # fmt: skip
KINDS = ("writer", "reader", "limited_reader")
ONE_ACCOUNT = "account 1 00001"


@pytest.fixture
def roles(guarded: str) -> Iterator[Roles]:
    """Names that no other test takes: roles are of the whole server."""
    database = str(guarded).rpartition("/")[2]
    named = Roles(*(f"{database} it's a {kind}" for kind in KINDS))
    yield named
    with psycopg.connect(guarded, autocommit=True) as administrator:
        for role in (named.writer, named.reader, named.limited_reader):
            name = '"' + role + '"'
            if administrator.execute("select 1 from pg_roles where rolname = %s", [role]).fetchall():
                administrator.execute(f"drop owned by {name} cascade".encode())
                administrator.execute(f"drop role {name}".encode())


def as_role(url: str, role: str) -> Address:
    """The same database, as another user, with the password that `made` gives."""
    return Address.of(
        re.sub(r"postgres:[^@]*@", f"{role.replace(' ', '%20')}:{role.rsplit(maxsplit=1)[-1]}@", url, count=1)
    )


def made(url: str, roles: Roles) -> list[str]:
    passwords = {kind: getattr(roles, kind).split()[-1] for kind in KINDS}
    return prepare(Address.of(url), roles, passwords)


def refused(address: Address, sql: str) -> bool:
    with psycopg.connect(address.reveal()) as connection:
        try:
            connection.execute(sql.encode())
        except psycopg.errors.InsufficientPrivilege:
            return True
    return False


@pytest.mark.parametrize("first", ["roles", "publication"])
def test_the_writer_publishes_and_readers_read_what_they_may(
    home: Home, guarded: str, roles: Roles, first: str
) -> None:
    if first == "publication":
        publish_to(home, "before", rows("before", 4), Postgres(home, Address.of(guarded)))
    done = made(guarded, roles)
    assert f"made the role {roles.writer}, which may log in" in done
    assert f"{roles.limited_reader} reads everything but texts, contact data and refused rows; writes nothing" in done
    writer, reader, limited = (as_role(guarded, getattr(roles, kind)) for kind in KINDS)
    for build in ("shop", "more"):
        publish_to(home, build, rows(build, 5), Postgres(home, writer))
        assert seen(reader) == (build, 5)
    assert contents(Postgres(home, reader)) == contents(Postgres(home, Address.of(guarded)))
    assert left_behind(reader) == []

    for table in contract.metrics().values():
        withheld = set(WITHHELD.get(table.name, ()))
        for column in table.columns:
            query = f'select "{column.name}" from metrics."{table.name}"'
            assert refused(limited, query) == (column.name in withheld), query
        for address in (reader, limited):
            assert refused(address, f'delete from metrics."{table.name}"')
            assert refused(address, f'truncate metrics."{table.name}"')
    assert refused(limited, "select * from provenance.build")
    assert refused(reader, "delete from provenance.build")
    for address in (writer, reader, limited):
        assert refused(address, "create table public.mine (a int)")
        assert refused(address, "create schema mine")
    with psycopg.connect(writer.reveal()) as connection:
        facts = connection.execute(
            """select rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls from pg_roles
            where rolname = current_user"""
        ).fetchall()
    assert facts == [(False,)]


def test_what_reads_works_for_a_reader_without_texts(home: Home, guarded: str, roles: Roles) -> None:
    made(guarded, roles)
    publish_to(home, "shop", rows("shop", 4), Postgres(home, as_role(guarded, roles.writer)))
    limited = Postgres(home, as_role(guarded, roles.limited_reader))
    with limited.read() as reader:
        figures = report(reader, ONE_ACCOUNT, date(2026, 1, 1), date(2026, 1, 31))
    assert figures.publication_id
    found = status(home, [limited])
    assert found.published is not None
    assert [(one.rows, one.reasons) for one in found.rejected_rows] == [(4, ())]


def test_a_limited_reader_of_one_account_sees_no_row_of_another(home: Home, guarded: str, roles: Roles) -> None:
    only = Roles(roles.writer, roles.reader, roles.limited_reader, ONE_ACCOUNT)
    made(guarded, only)
    writer = Postgres(home, as_role(guarded, roles.writer))
    limited, reader = as_role(guarded, roles.limited_reader), as_role(guarded, roles.reader)
    for build in ("shop", "more"):
        publish_to(home, build, rows(build, 4), writer)
        with psycopg.connect(limited.reveal()) as connection:
            for table in contract.metrics().values():
                counted = connection.execute(f'select count(*) from metrics."{table.name}"'.encode()).fetchall()
                wanted = {"rejected_rows": 0, "publications": 1 if build == "shop" else 2}.get(table.name, 1)
                assert counted == [(wanted,)], table.name
        assert refused(limited, "select row_counts from metrics.publications")
        assert seen(reader) == (build, 4)
    with Postgres(home, limited).read() as published:
        assert report(published, ONE_ACCOUNT, date(2026, 1, 1), date(2026, 1, 31)).publication_id
        with pytest.raises(InputError, match=r"no account 'account 0 00000'.*account 1 00001"):
            report(published, "account 0 00000", date(2026, 1, 1), date(2026, 1, 31))
    assert status(home, [Postgres(home, limited)]).published is not None

    made(guarded, roles)  # of all accounts from now on
    with psycopg.connect(limited.reveal()) as connection:
        assert connection.execute("select count(*) from metrics.conversations").fetchall() == [(4,)]


@pytest.mark.parametrize("only", [None, ONE_ACCOUNT])
@pytest.mark.parametrize("first", ["init", "publication"])
def test_a_tool_that_names_all_columns_reads_the_views(
    home: Home, guarded: str, roles: Roles, only: str | None, first: str
) -> None:
    """Tools such as ibis select all columns of a table and count in that: the limited reader was denied by each."""
    limited_to_one = Roles(roles.writer, roles.reader, roles.limited_reader, only)
    if first == "publication":
        publish_to(home, "before", rows("before", 2), Postgres(home, Address.of(guarded)))
    made(guarded, limited_to_one)
    publish_to(home, "shop", rows("shop", 4), Postgres(home, as_role(guarded, roles.writer)))
    limited = as_role(guarded, roles.limited_reader)
    with psycopg.connect(limited.reveal()) as connection:
        for table in contract.metrics().values():
            found = connection.execute(f'select * from {VIEWS}."{table.name}"'.encode())
            withheld = {*WITHHELD.get(table.name, ()), *OF_ALL_ACCOUNTS.get(table.name, ())}
            seen_by_all = [column.name for column in table.columns if column.name not in withheld]
            assert [column.name for column in found.description or ()] == seen_by_all
            counted = connection.execute(f'select count(*) from metrics."{table.name}"'.encode()).fetchall()
            assert [(len(found.fetchall()),)] == counted
        assert connection.execute(f"select count(*) from {VIEWS}.conversations").fetchall() == [(1 if only else 4,)]
    assert refused(limited, f"drop view {VIEWS}.conversations")
    assert refused(as_role(guarded, roles.reader), f"create table {VIEWS}.mine (a int)")


def test_a_schema_of_somebody_else_is_left_alone(guarded: str, roles: Roles) -> None:
    """`warehouse init` took a schema `metrics` of another program over, or ended in an unknown relation."""
    with psycopg.connect(guarded, autocommit=True) as superuser:
        superuser.execute("create schema metrics; create table metrics.cpu_seconds as select 1 as mine")
        with pytest.raises(InputError, match=r"hold what nobody published: metrics\.cpu_seconds.*another database"):
            made(guarded, roles)
        owner = "select nspowner::regrole::text from pg_namespace where nspname = 'metrics'"
        assert superuser.execute(owner).fetchall() == [("postgres",)]
        writer = f"select 1 from pg_roles where rolname = '{roles.writer.replace(chr(39), chr(39) * 2)}'"
        assert superuser.execute(writer.encode()).fetchall() == []


def test_init_can_be_run_again_and_then_only_finds(home: Home, guarded: str, roles: Roles) -> None:
    made(guarded, roles)
    publish_to(home, "shop", rows("shop", 3), Postgres(home, as_role(guarded, roles.writer)))
    again = prepare(Address.of(guarded), roles, {})
    assert not any(line.startswith(("made", "gave", "granted", "set")) for line in again), again
    assert any("to set a password, set AGENT_METRICS_LIMITED_READER_PASSWORD" in line for line in again)
    assert seen(as_role(guarded, roles.reader)) == ("shop", 3)


def test_an_administrator_need_not_be_superuser(home: Home, guarded: str, roles: Roles) -> None:
    database = guarded.rpartition("/")[2]
    with psycopg.connect(guarded, autocommit=True) as superuser:
        superuser.execute(f"create role {database}_admin login createrole password '{PASSWORD}'".encode())
        superuser.execute(f"alter database {database} owner to {database}_admin".encode())
    administrator = guarded.replace("//postgres:", f"//{database}_admin:")
    done = made(administrator, roles)
    assert f"{roles.writer} publishes: it owns these schemas and nothing else" in done
    publish_to(home, "shop", rows("shop", 3), Postgres(home, as_role(guarded, roles.writer)))
    assert seen(as_role(guarded, roles.reader)) == ("shop", 3)
    assert made(administrator, roles)


def test_who_is_no_administrator_is_told_so(guarded: str, roles: Roles) -> None:
    made(guarded, roles)
    with pytest.raises(InputError, match=r"is not an administrator of this database.*CREATEROLE"):
        prepare(as_role(guarded, roles.reader), roles, {})
    with pytest.raises(InputError, match="three roles need three names"):
        prepare(Address.of(guarded), Roles("one", "one", "two"), {})
    with pytest.raises(InputError, match="postgres is a superuser"):
        prepare(Address.of(guarded), Roles(roles.writer, "postgres", roles.limited_reader), {})


def test_a_role_that_owns_nothing_but_the_database_publishes_without_init(home: Home, guarded: str) -> None:
    database = guarded.rpartition("/")[2]
    with psycopg.connect(guarded, autocommit=True) as superuser:
        superuser.execute(f"create role {database}_owner login password '{PASSWORD}'".encode())
        superuser.execute(f"alter database {database} owner to {database}_owner".encode())
    owner = Address.of(guarded.replace("//postgres:", f"//{database}_owner:"))
    assert Postgres(home, owner).hindrance() is None
    publish_to(home, "shop", rows("shop", 3), Postgres(home, owner))
    assert seen(owner) == ("shop", 3)


def test_a_login_that_is_refused_is_refused_for_good_and_shows_no_password(home: Home, guarded: str) -> None:
    wrong = Address.of(guarded.replace("s3cret%26canary", "wr0ng%2Fcanary"))
    with pytest.raises(WarehouseFailed, match=r"password authentication failed.*PGPASSWORD") as raised:
        Postgres(home, wrong).standing()
    assert not raised.value.is_transient
    assert "canary" not in str(raised.value)
    assert "canary" not in repr(wrong)


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("sslmode=require", "sslmode"),  # the server has no SSL
        ("sslmode=verify-full&sslrootcert=/nowhere/root.crt", "sslrootcert"),
    ],
)
def test_what_cannot_get_better_is_not_tried_again(home: Home, guarded: str, said: str, remedy: str) -> None:
    """A server without SSL was asked again for minutes, and the remedy was to wait for it."""
    with pytest.raises(WarehouseFailed, match=rf"(?i)ssl.*see to .*{remedy}") as raised:
        Postgres(home, Address.of(f"{guarded}?{said}")).standing()
    assert not raised.value.is_transient


def test_a_role_with_one_connection_is_told_of_its_limit(home: Home, guarded: str, roles: Roles) -> None:
    made(guarded, roles)
    writer = as_role(guarded, roles.writer)
    with psycopg.connect(guarded, autocommit=True) as superuser:
        superuser.execute(f"""alter role "{roles.writer}" connection limit 1""".encode())
    publish_to(home, "shop", rows("shop", 2), Postgres(home, writer))  # one is enough to publish
    with psycopg.connect(writer.reveal()), pytest.raises(WarehouseFailed, match="its connection limit allows"):
        Postgres(home, writer).standing()


def test_every_column_with_text_is_withheld_from_limited_readers_or_harmless() -> None:
    for table in contract.metrics().values():
        for column in table.columns:
            if column.type in {"string", "json", "list<string>"}:
                withheld = column.name in WITHHELD.get(table.name, ())
                assert withheld or column.name in HARMLESS, f"{table.name}.{column.name}"
    for table_name, columns in WITHHELD.items():
        assert set(columns) <= {column.name for column in contract.metrics()[table_name].columns}
    assert {"text", "email", "phone", "payload", "first_question", "representative_question"}.isdisjoint(HARMLESS)
