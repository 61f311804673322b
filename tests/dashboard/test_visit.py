"""What one visitor reads: one publication for as long as they look at it, on both warehouses."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg
import pytest

from flows.dashboard import served
from flows.dashboard import visit as visits
from flows.dashboard.access import Access
from flows.dashboard.visit import Visit, glance
from flows.ground.address import Address
from flows.ground.errors import InputError, WarehouseFailed, WarehouseUnavailable
from flows.ground.home import Home
from flows.published.performance import key_figures
from flows.warehouses import Warehouse
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.postgres import Postgres
from tests.gaps.shop import publish_to
from tests.published.shop import Shop
from tests.warehouses import servers

DAY = date(2026, 6, 1)


@dataclass(frozen=True)
class Place:
    """A warehouse in which shops of so many conversations are published."""

    home: Home
    warehouse: Warehouse
    url: str = "duckdb"

    def publish(self, conversations: int) -> None:
        shop = Shop()
        for number in range(conversations):
            shop.conversation(f"c{number}", "resolved")
        publish_to(self.home, shop, self.url)

    def connections(self) -> int:
        """Of visitors, to this database, as many as the server knows of."""
        with psycopg.connect(self.url) as connection:
            query = (
                "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
            )
            ((count,),) = connection.execute(query).fetchall()
        return int(count)

    def holds(self, connections: int) -> bool:
        """Whether there are so many; a server notices some time after a visitor that they have gone."""
        patience = time.monotonic() + 20
        while (found := self.connections()) != connections and time.monotonic() < patience:
            time.sleep(0.05)
        return found == connections


@pytest.fixture(params=["duckdb", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    home = Home(tmp_path / "home")
    home.root.mkdir()
    if request.param == "duckdb":
        return Place(home, DuckDBFile(home))
    return in_database(home, request.getfixturevalue("database_server"))


@pytest.fixture
def database(tmp_path: Path, database_server: str) -> Place:
    return in_database(Home(tmp_path / "home"), database_server)


def in_database(home: Home, server: str) -> Place:
    url = servers.fresh(server)
    return Place(home, Postgres(home, Address.of(url)), url)


@pytest.fixture
def one(place: Place) -> Iterator[Visit]:
    visit = Visit(place.warehouse, Access())
    yield visit
    visit.renew()


def volume(visit: Visit) -> int:
    (account,) = [one for one in visit.accounts() if one.account_id == "shop"]
    return key_figures(visit.reader, account, DAY, DAY).conversations.volume


def test_one_publication_while_others_are_published(place: Place, one: Visit) -> None:
    place.publish(1)
    assert volume(one) == 1
    looked_at = one.publication()
    assert one.newest() == looked_at
    for count in (2, 3):
        place.publish(count)
        assert (volume(one), one.publication()) == (1, looked_at)
    newest = one.newest()
    assert newest
    assert newest.publication_id > looked_at.publication_id
    assert volume(one) == 1  # it was announced, not forced
    one.renew()
    assert (volume(one), one.publication()) == (3, newest)


def test_visitors_do_not_see_each_other_s_publication(place: Place, one: Visit) -> None:
    place.publish(1)
    assert volume(one) == 1
    place.publish(2)
    other = Visit(place.warehouse, Access())
    try:
        assert (volume(one), volume(other)) == (1, 2)
    finally:
        other.renew()
    assert volume(one) == 1


def test_before_the_first_publication(place: Place, one: Visit) -> None:
    for ask in (one.publication, one.accounts, lambda: one.reader):
        with pytest.raises(InputError, match="nothing is published"):
            ask()
    assert one.newest() is None
    place.publish(1)
    assert one.newest()
    assert volume(one) == 1  # nothing has to be started anew


def test_a_visitor_sees_the_accounts_of_their_token(place: Place) -> None:
    place.publish(1)

    def seen(accounts: set[str] | None) -> list[str]:
        visit = Visit(place.warehouse, Access(None if accounts is None else frozenset(accounts)))
        try:
            return [one.account_id for one in visit.accounts()]
        finally:
            visit.renew()

    assert seen(None) == ["other", "shop"]
    assert seen({"shop", "gone"}) == ["shop"]
    assert seen({"gone"}) == seen(set()) == []


def test_texts_are_seen_by_those_who_may(place: Place) -> None:
    place.publish(1)
    for texts in (True, False):
        visit = Visit(place.warehouse, Access(texts=texts))
        assert visit.reader.sees("metrics.conversations", "first_question") is texts
        assert visit.reader.sees("metrics.conversations", "status")
        visit.renew()


def test_a_look_that_nobody_takes_is_let_go_of(place: Place, one: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    place.publish(1)
    assert not one.rest()  # nothing is held yet
    assert volume(one) == 1
    first = one.publication()
    place.publish(2)
    assert not one.rest()
    assert volume(one) == 1
    monkeypatch.setattr(visits, "RESTS_AFTER", 0.3)
    time.sleep(0.4)
    one.newest()  # asking for the news is not a look
    assert not one.has_moved(first)
    assert one.rest()
    assert not one.rest()
    assert not one.has_moved(first)  # nobody has looked since
    assert volume(one) == 2  # the next look shows what is published by then
    assert one.has_moved(first)


def test_who_has_left_is_let_go_of(place: Place, one: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    """An open page asks for the newest all the time; one that does not is closed."""
    place.publish(1)
    assert volume(one) == 1
    monkeypatch.setattr(visits, "RESTS_AFTER", 2)
    for _ in range(6):
        time.sleep(0.5)
        one.newest()
        assert not one.leave()
    time.sleep(2.1)
    assert one.leave()
    assert not one.leave()


def test_a_glance_is_of_an_account_that_may_be_seen(place: Place) -> None:
    place.publish(2)
    with glance(place.warehouse, Access(), "shop") as (reader, account):
        assert key_figures(reader, account, DAY, DAY).conversations.volume == 2
    refused = []
    for access, account_id in ((Access(frozenset({"other"})), "shop"), (Access(), "nope"), (Access(), "")):
        with pytest.raises(InputError) as error, glance(place.warehouse, access, account_id):
            pass
        refused.append(str(error.value).replace(repr(account_id), "'it'"))
    assert set(refused) == {"there is no account 'it'; open the page again and choose an account"}
    with glance(place.warehouse, Access(frozenset({"shop"}), texts=False), "shop") as (reader, _):
        assert not reader.sees("metrics.messages", "text")


def test_nothing_stays_in_the_database(database: Place) -> None:
    """A snapshot that is kept keeps rows of all tables from being cleared."""
    database.publish(1)
    visit = Visit(database.warehouse, Access())
    assert database.holds(0)
    volume(visit)
    assert database.holds(1)
    visit.newest()
    with glance(database.warehouse, Access(), "shop"):
        assert database.holds(2)
    assert database.holds(1)
    visit.renew()
    assert database.holds(0)


def test_a_connection_that_is_lost_is_made_anew(database: Place) -> None:
    database.publish(1)
    visit = Visit(database.warehouse, Access())
    assert volume(visit) == 1
    end_connections(database)
    with pytest.raises(WarehouseUnavailable):
        volume(visit)
    assert volume(visit) == 1
    end_connections(database)
    visit.renew()  # what is lost already cannot be let go of
    assert volume(visit) == 1
    visit.renew()


def test_a_server_that_is_away_is_no_news(tmp_path: Path) -> None:
    away = Postgres(Home(tmp_path), Address.of(f"postgresql://nobody@/shop?host={tmp_path}"))
    visit = Visit(away, Access())
    assert visit.newest() is None
    with pytest.raises(WarehouseFailed):
        visit.publication()


def end_connections(place: Place) -> None:
    others = "from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    with psycopg.connect(place.url, autocommit=True) as connection:
        ended = connection.execute(f"select pg_terminate_backend(pid) {others}".encode()).fetchall()
        assert ended
        while connection.execute(f"select 1 {others}".encode()).fetchall():
            time.sleep(0.05)


# For the notebook


def test_a_visit_without_the_door_is_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "WAREHOUSE", place.warehouse)
    for meta in ({}, {"accounts": None}):
        with pytest.raises(InputError, match="did not come through the door"):
            served.visit(meta)
    assert served.visit({"accounts": None, "texts": True}).access == Access()
    limited = served.visit({"accounts": ["shop"], "texts": False})
    assert limited.access == Access(frozenset({"shop"}), texts=False)
    assert served.visit({"accounts": [], "texts": False}).accounts is not None
    assert served.visit({"accounts": [], "texts": False}).access.accounts == frozenset()


def test_as_a_notebook_it_reads_what_the_settings_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    place = Place(Home(tmp_path / "home"), DuckDBFile(Home(tmp_path / "home")))
    place.publish(4)
    (tmp_path / "agent-metrics.toml").write_text('home = "home"\n', "utf-8")
    visit = served.visit({})
    assert volume(visit) == 4
    visit.renew()


def test_the_server_lets_go_of_those_who_left_and_of_all_in_the_end(
    database: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.publish(1)
    monkeypatch.setattr(served, "WAREHOUSE", database.warehouse)
    monkeypatch.setattr(served, "LOOKS_EVERY", 0.1)
    monkeypatch.setattr(visits, "RESTS_AFTER", 3)
    left, stays = (served.visit({"accounts": None, "texts": True}) for _ in range(2))
    assert [volume(one) for one in (left, stays)] == [1, 1]
    is_over = threading.Event()
    keeper = threading.Thread(target=served.keep, args=(is_over,))
    keeper.start()
    try:
        asked = 0
        while database.connections() > 1 and asked < 200:
            time.sleep(0.1)
            assert stays.newest()
            asked += 1
        assert asked > 10  # the one that left is kept for as long as it may come back
        assert database.holds(1)
    finally:
        is_over.set()
        keeper.join(10)
    assert not keeper.is_alive()
    served.end()
    assert database.holds(0)
    del left
