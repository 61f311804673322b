"""What an address asks is shown as it asks it, or it is said why not; what is shown leads on to addresses that keep it.

Each answer is of one publication, on both warehouses.
"""

from __future__ import annotations

import re
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.dashboard.access import Access
from flows.dashboard.look import KEPT, LONGEST, SECTIONS, Installation, Look, address, look
from flows.dashboard.periods import START, chosen
from flows.dashboard.sections import events, overview
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
TODAY = date(2026, 6, 7)  # of candidates
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=20)


@dataclass(frozen=True)
class Place:
    """A warehouse in which shops of so many conversations are published."""

    home: Home
    warehouse: Warehouse
    url: str = "duckdb"

    def publish(self, conversations: int) -> None:
        shop = Shop()
        for number in range(conversations):
            shop.conversation(f"c{number}", "resolved", channel=("web_chat", "sms")[number % 2])
        publish_to(self.home, shop, self.url)

    def look(
        self,
        access: Access | None = None,
        accepted: str = "",
        section: str = "overview",
        languages: dict[str, str] | None = None,
        **query: str,
    ) -> AbstractContextManager[Look]:
        installation = Installation(languages=languages or {})
        return look(
            self.warehouse,
            access or Access(),
            section,
            query,
            asks=frozenset(query),
            accepted=accepted,
            installation=installation,
        )

    def holds(self, connections: int) -> bool:
        """Whether the server has so many; it notices some time after a visitor that they have gone."""
        patience = time.monotonic() + 20
        while (found := self._connections()) != connections and time.monotonic() < patience:
            time.sleep(0.05)
        return found == connections

    def _connections(self) -> int:
        with psycopg.connect(self.url) as connection:
            ((count,),) = connection.execute(f"select count(*) {OTHERS}".encode()).fetchall()
        return int(count)

    def end_connections(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            assert connection.execute(f"select pg_terminate_backend(pid) {OTHERS}".encode()).fetchall()
            while connection.execute(f"select 1 {OTHERS}".encode()).fetchall():
                time.sleep(0.05)


OTHERS = "from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"


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


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Place:
    home = Home(tmp_path_factory.mktemp("look") / "home")
    home.root.mkdir()
    one = Place(home, DuckDBFile(home))
    one.publish(4)
    return one


def in_database(home: Home, server: str) -> Place:
    url = servers.fresh(server)
    return Place(home, Postgres(home, Address.of(url)), url)


def volume(one: Look) -> int:
    return key_figures(one.reader, one.account, DAY, DAY).conversations.volume


# One publication


def test_one_answer_is_of_one_publication_and_the_next_of_the_newest(place: Place) -> None:
    place.publish(1)
    with place.look(account="shop") as first:
        assert volume(first) == 1
        place.publish(2)
        with place.look(account="shop") as second:
            assert (volume(first), volume(second)) == (1, 2)
            assert second.publication.publication_id > first.publication.publication_id
        assert volume(first) == 1


def test_before_the_first_publication_it_is_said(place: Place) -> None:
    with pytest.raises(InputError, match=r"nothing is published( there)? yet"), place.look():
        pass
    place.publish(1)
    with place.look(account="shop") as one:  # nothing has to be started anew
        assert volume(one) == 1


def test_nothing_stays_in_the_database(database: Place) -> None:
    """A snapshot that is kept keeps rows of all tables from being cleared."""
    database.publish(1)
    assert database.holds(0)
    with database.look(account="shop") as one:
        assert volume(one) == 1
        assert database.holds(1)
    assert database.holds(0)


def test_a_connection_that_is_lost_is_that_of_one_answer(database: Place) -> None:
    database.publish(1)
    with database.look(account="shop") as one:
        assert volume(one) == 1
        database.end_connections()
        with pytest.raises(WarehouseUnavailable):
            volume(one)
    with database.look(account="shop") as one:
        assert volume(one) == 1


def test_a_server_that_is_away_is_named_without_its_address(tmp_path: Path) -> None:
    away = Postgres(Home(tmp_path), Address.of(f"postgresql://nobody:canary@/shop?host={tmp_path}"))
    with pytest.raises(WarehouseFailed) as failed, Place(Home(tmp_path), away).look():
        pass
    assert "canary" not in str(failed.value)


# Whose


def test_a_visitor_sees_the_accounts_of_their_token(place: Place) -> None:
    place.publish(1)

    def seen(accounts: set[str] | None) -> list[str]:
        with place.look(Access(None if accounts is None else frozenset(accounts))) as one:
            return [known.account_id for known in one.accounts]

    assert seen(None) == ["other", "shop"]
    assert seen({"shop", "gone"}) == ["shop"]
    for none in ({"gone"}, set[str]()):
        with pytest.raises(InputError, match="No account is published that you may see"):
            seen(none)


def test_texts_are_seen_by_those_who_may(place: Place) -> None:
    place.publish(1)
    for texts in (True, False):
        with place.look(Access(texts=texts)) as one:
            assert one.reader.sees("metrics.conversations", "first_question") is texts
            assert one.reader.sees("metrics.conversations", "status")


# What is asked


def test_an_address_without_anything_is_the_first_account_and_the_last_30_days(shop: Place) -> None:
    with shop.look() as one:
        assert (one.account.account_id, one.period, one.channel) == ("other", chosen(START, TODAY), "")
        assert one.wrong == ()


@pytest.mark.parametrize(
    ("query", "said", "shown"),
    [
        ({"account": "nope"}, ["There is no account “nope”; this is Name of other."], ("other", "30", "")),
        ({"dates": "soon"}, ["“soon” is not a range of dates; these are the last 30 days."], ("other", "30", "")),
        ({"dates": "any"}, ["“any” is not a range of dates; these are the last 30 days."], ("other", "30", "")),
        ({"account": "shop", "channel": "fax"}, ["There is no channel “fax”; these are all channels."],
         ("shop", "30", "")),
        ({"language": "xx"}, ["The page does not know the language “xx”."], ("other", "30", "")),
        ({"account": "<b>", "dates": "x", "channel": "y"},
         ["There is no account “<b>”; this is Name of other.",
          "“x” is not a range of dates; these are the last 30 days.",
          "There is no channel “y”; these are all channels."], ("other", "30", "")),
        ({"account": "shop", "dates": "7", "channel": "sms", "language": "en"}, [], ("shop", "7", "sms")),
        ({"account": "shop", "dates": "2026-06-07..2026-06-01"}, [], ("shop", "2026-06-01..2026-06-07", "")),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_as_asked_is_said(
    shop: Place, query: dict[str, Any], said: list[str], shown: tuple[str, str, str]
) -> None:
    """Another account in its place, without a word, was taken for the one that was asked for."""
    with shop.look(**query) as one:
        assert list(one.wrong) == said
        assert (one.account.account_id, one.period.to_query(), one.channel) == shown
        assert one.query["dates"] == shown[1]
        assert one.query.get("channel", "") == shown[2]


def test_what_is_too_long_or_no_text_is_left_out(shop: Place) -> None:
    query: dict[str, Any] = {"search": "x" * (LONGEST + 1), "profile": "x" * LONGEST, "tags": "a\0b"}
    with shop.look(**query) as one:
        assert "search" not in one.query
        assert "tags" not in one.query
        assert one.query["profile"] == query["profile"]


@pytest.mark.parametrize(
    ("accepted", "languages", "query", "code"),
    [
        ("", {}, {}, "en"),
        ("de-AT,de;q=0.9,en;q=0.5", {}, {}, "de"),
        ("nl,pt-BR;q=0.9", {}, {}, "pt"),
        ("nl,ja", {}, {}, "en"),
        ("de", {"other": "ko"}, {}, "ko"),  # of the account's settings
        ("de", {"shop": "ko"}, {}, "de"),
        ("de", {"other": "ko"}, {"language": "fr"}, "fr"),
        ("de", {}, {"language": "xx"}, "en"),
        (",;=-_,,*;q=1, \x7f", {}, {}, "en"),
    ],
)
def test_the_language_is_that_of_the_address_the_account_or_the_browser(
    shop: Place, accepted: str, languages: dict[str, str], query: dict[str, Any], code: str
) -> None:
    with shop.look(accepted=accepted, languages=languages, **query) as one:
        assert one.say.code == code


@pytest.mark.parametrize(("dates", "until"), [("7", "until 09:00"), ("2026-06-01..2026-06-06", "")])
def test_a_range_that_is_not_over_says_until_when_it_goes(shop: Place, dates: str, until: str) -> None:
    with shop.look(account="shop", dates=dates) as one:
        assert one.until.replace("\u202f", " ").replace("9:00 AM", "09:00") == until


@pytest.mark.parametrize(
    ("at", "row"),
    [("25", 25), ("0", 0), ("-1", None), ("x", None), ("٣", None), ("9" * 9, 999_999_999), ("9" * 10, None)],
)
def test_where_a_list_begins(shop: Place, at: str, row: int | None) -> None:
    with shop.look(at=at) as one:
        assert one.at == row


# Where it leads


def asked_by(link: str) -> tuple[str, dict[str, str]]:
    parts = urlsplit(link)
    return parts.path, dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}


@given(WORDS, WORDS, st.sampled_from([*SECTIONS]))
def test_links_keep_account_dates_channel_and_language_and_nothing_else(
    shop: Place, search: str, value: str, section: str
) -> None:
    kept: dict[str, Any] = {"account": "shop", "dates": "7", "channel": "sms", "language": "de"}
    assert set(kept) == set(KEPT)
    with shop.look(section="conversations", **kept, search=search, at="25", conversation="c0") as one:
        to = asked_by(one.to(section, topic=value))
        assert to == ("./" if section == "overview" else section, {**kept, "topic": value})
        here = asked_by(one.here(order=value))
        assert here == ("conversations", {**kept, "search": search, "conversation": "c0", "order": value})
        assert "conversation" not in asked_by(one.here(conversation=None))[1]
        assert asked_by(one.here(at="50"))[1]["at"] == "50"
        hidden = dict(one.hidden("search"))
        assert hidden == {**kept, "conversation": "c0"}


def test_links_of_an_address_that_was_wrong_are_right(shop: Place) -> None:
    """A form that was sent from such a page asked for the account that is not there again."""
    with shop.look(account="nope", dates="soon", channel="fax", language="xx", search="a") as one:
        kept = {"account": "other", "dates": "30"}
        assert asked_by(one.to("sales")) == ("sales", kept)
        assert asked_by(one.here()) == ("./", {**kept, "search": "a"})
        assert dict(one.hidden("search")) == kept


def test_an_address_without_anything_is_a_path() -> None:
    assert (address("overview", {}), address("data", {"a": "", "b": None})) == ("./", "data")
    assert address("data", {"a": "é&=?#/ "}) == "data?a=%C3%A9%26%3D%3F%23%2F+"


@pytest.mark.parametrize(
    ("account", "weekday", "counted", "range_"),
    [
        ("shop", 6, date(2026, 5, 31), "Jun 7, 2026"),  # São Paulo: weeks begin on Sunday, and as-of is one
        ("other", 0, None, "Jun 1 – 7, 2026"),  # UTC, which is nowhere: on Monday
    ],
)
def test_weeks_of_the_page_begin_where_the_account_is(
    place: Place, account: str, weekday: int, counted: date | None, range_: str
) -> None:
    place.publish(3)
    wide = "2026-04-01..2026-08-05"
    with place.look(account=account, dates=wide) as one:
        chart = overview.values(one)["chart"]
    assert {day.weekday() for day in chart.columns[1:]} == {weekday}
    assert [(piece.bar.first, piece.bar.conversations) for piece in chart.pieces] == ([(counted, 3)] if counted else [])
    with place.look(account=account, section="events", dates=wide) as one:
        assert events.values(one)["chart"].columns == chart.columns
    with place.look(account=account, dates="week") as one:
        assert re.sub(r"\s", " ", one.say.days(one.period.first, one.period.last)) == range_
        assert one.here() == f"./?account={account}&dates=week"
