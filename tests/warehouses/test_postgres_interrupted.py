"""Rule 9.1 in Postgres when things go wrong: killed, disconnected, waiting, refused, out of disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from flows.ground.address import Address
from flows.ground.errors import WarehouseFailed, WarehouseUnavailable
from flows.ground.home import Home
from flows.warehouses.keeping import Kept
from flows.warehouses.postgres import Postgres, connection
from tests.warehouses import servers
from tests.warehouses.candidates import names, publish, write_candidate
from tests.warehouses.on_postgres import left_behind, publish_to, rows, seen

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def stands_as_before(home: Home, address: Address, files: list[str]) -> None:
    """The old publication, and nothing beside it; the next publishing works."""
    assert seen(address) == ("old", 4)
    assert left_behind(address) == []
    assert names(home.publications) == files
    publish(home, keep=2, warehouses=[Postgres(home, address)])
    assert seen(address)[0] == "new"
    assert left_behind(address) == []
    assert len(Kept.of(home).ids()) == 2


@pytest.mark.parametrize(("before", "step"), [(None, 19), ("old", 7)])
def test_a_kill_leaves_the_old_publication_or_the_new_one(
    home: Home, address: Address, before: str | None, step: int
) -> None:
    postgres = Postgres(home, address)
    if before:
        publish_to(home, before, rows(before, 4), postgres)
    write_candidate(home, "new", rows("new", 5))
    tries = killed_again_and_again(home, address, step)
    assert sum(one["is_killed"] for one in tries) >= 6
    order = [one["stands"] for one in tries]
    assert order == sorted(order, key=lambda build: build == "new")
    assert order[0] == before
    assert order[-1] == "new"
    assert seen(address) == ("new", 5)
    assert left_behind(address) == []
    assert publish(home, keep=2, warehouses=[postgres]).outcome == "nothing_new"
    assert len(Kept.of(home).ids()) == (2 if before else 1)


def test_a_kill_behind_pgbouncer_holds_nothing_up(home: Home, guarded: str) -> None:
    """Its connection, with the transaction and the lock in it, is not lent to the next publishing."""
    with servers.pooler(guarded, pool_mode="transaction", default_pool_size=2) as through:
        publish_to(home, "old", rows("old", 4), Postgres(home, Address.of(through)))
        write_candidate(home, "new", rows("new", 5))
        tries = killed_again_and_again(home, Address.of(through), 60)
        assert sum(one["is_killed"] for one in tries) >= 2
        assert (tries[0]["stands"], tries[-1]["stands"]) == ("old", "new")
        assert seen(Address.of(through)) == ("new", 5)
        assert left_behind(Address.of(guarded)) == []


def killed_again_and_again(home: Home, address: Address, step: int) -> list[dict[str, Any]]:
    """The tries to publish, each killed `step` calls later than the one before, until one is through."""
    command = [sys.executable, str(HERE / "killed_on_postgres.py"), str(home.root), str(step)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    driver = subprocess.run(
        command, input=address.reveal(), stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment, check=False
    )
    assert driver.returncode == 0
    return [json.loads(line) for line in driver.stdout.splitlines()]


@contextmanager
def locked(address: Address, table: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A table that readers read and nobody can change."""
    with psycopg.connect(address.reveal()) as holder:
        holder.execute(f"lock table metrics.{table} in share row exclusive mode".encode())
        yield holder


def test_a_lost_connection_undoes_everything(home: Home, address: Address) -> None:
    postgres = Postgres(home, address)
    publish_to(home, "old", rows("old", 4), postgres)
    write_candidate(home, "new", rows("new", 5))
    files = names(home.publications)

    def disconnect() -> None:
        with psycopg.connect(address.reveal(), autocommit=True) as administrator:
            waiting = "select pid from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
            while not (found := administrator.execute(waiting).fetchall()):
                time.sleep(0.01)
            administrator.execute("select pg_terminate_backend(%s)", found[0])

    with locked(address, "segments"):  # one of the last tables: most rows have travelled by then
        killer = threading.Thread(target=disconnect)
        killer.start()
        with pytest.raises(WarehouseUnavailable, match="the last publication stands there") as raised:
            publish(home, keep=2, warehouses=[postgres])
        killer.join()
    assert raised.value.is_transient
    stands_as_before(home, address, files)


def test_nobody_waits_for_ever_for_a_table_that_somebody_holds(
    home: Home, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres = Postgres(home, address)
    publish_to(home, "old", rows("old", 4), postgres)
    write_candidate(home, "new", rows("new", 5))
    files = names(home.publications)
    with monkeypatch.context() as patched, locked(address, "messages"):
        patched.setitem(connection.LOCAL, "lock_timeout", "200ms")
        with pytest.raises(WarehouseUnavailable, match="lock timeout"):
            publish(home, keep=2, warehouses=[postgres])
        assert seen(address) == ("old", 4)
    stands_as_before(home, address, files)


def test_what_the_server_refuses_is_said_with_a_remedy(home: Home, address: Address) -> None:
    publish_to(home, "old", rows("old", 4), Postgres(home, address))
    with psycopg.connect(address.reveal()) as administrator:
        name = f"somebody_{administrator.info.dbname}"
        administrator.execute(f"create role {name} login".encode())
        administrator.execute(f"grant usage on schema metrics, provenance to {name}".encode())
        administrator.execute(f"grant select on all tables in schema metrics, provenance to {name}".encode())
        administrator.execute(f"grant insert, delete on metrics.conversations to {name}".encode())
    somebody = Address.of(address.reveal().replace("postgres@", f"{name}@"))
    write_candidate(home, "new", rows("new", 5))
    files = names(home.publications)
    with pytest.raises(WarehouseFailed, match=r"permission denied.*warehouse init") as raised:
        publish(home, keep=2, warehouses=[Postgres(home, somebody)])
    assert not raised.value.is_transient
    assert (Postgres(home, somebody).hindrance() or "").endswith(f"do not belong to {name}")
    stands_as_before(home, address, files)


@contextmanager
def small_disk(address: Address, table: str) -> Iterator[None]:
    """A table on a disk with no room left.

    Where no file system may be mounted, a trigger says what the server says then.
    """
    with tempfile.TemporaryDirectory(prefix="disk-") as folder, psycopg.connect(address.reveal()) as administrator:
        Path(folder).chmod(0o755)
        administrator.autocommit = True
        ((data,),) = administrator.execute("show data_directory").fetchall()
        mount = ["mount", "-t", "tmpfs", "-o", f"size=1m,uid={Path(data).stat().st_uid}", "tmpfs", folder]
        if subprocess.run(mount, check=False, stderr=subprocess.DEVNULL).returncode:
            administrator.execute(
                """create function public.no_room() returns trigger language plpgsql as
                $$ begin raise exception using errcode = '53100', message = 'No space left on device'; end $$"""
            )
            administrator.execute(
                f"create trigger no_room before insert on metrics.{table} execute function public.no_room()".encode()
            )
            try:
                yield
            finally:
                administrator.execute("drop function public.no_room cascade")
            return
        space = f"small_{administrator.info.dbname}"
        try:
            administrator.execute(f"create tablespace {space} location '{folder}'".encode())
            administrator.execute(f"alter table metrics.{table} set tablespace {space}".encode())
            yield
            administrator.execute(f"alter table metrics.{table} set tablespace pg_default".encode())
            administrator.execute(f"drop tablespace {space}".encode())
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_on_the_server_leaves_the_old_publication(home: Home, address: Address) -> None:
    postgres = Postgres(home, address)
    publish_to(home, "old", rows("old", 4), postgres)
    content = rows("new", 5)
    content["messages"][0]["text"] = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(600_000))
    for row in content["messages"]:
        row["skill"] = "new"
    write_candidate(home, "new", content)
    files = names(home.publications)
    with small_disk(address, "messages"):
        with pytest.raises(WarehouseFailed, match=r"No space left on device.*make room on the server") as raised:
            publish(home, keep=2, warehouses=[postgres])
        assert not raised.value.is_transient
        assert seen(address) == ("old", 4)
    with psycopg.connect(address.reveal()) as reader:
        ((mark,),) = reader.execute("select distinct skill from metrics.messages").fetchall()
        assert mark == "old"
    assert left_behind(address) == []
    assert names(home.publications) == files
    publish(home, keep=2, warehouses=[postgres])
    with psycopg.connect(address.reveal()) as reader:
        assert reader.execute("select max(length(text)) from metrics.messages").fetchall() == [(600_000,)]
