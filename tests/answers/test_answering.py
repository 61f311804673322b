"""What is not measured, not complete, or not there yet is said, from both warehouses and to whoever may read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from flows.answers.answering import Answers, NotThere
from flows.answers.asked import AskedFigures, AskedMetric, AskedWhy
from flows.answers.catalogue import metrics
from flows.answers.operations import plain
from flows.answers.page import Page
from flows.answers.told import Figure, Figures
from flows.dashboard.access import Access
from flows.ground.address import Address
from flows.ground.errors import InputError
from flows.ground.home import Home
from flows.warehouses import Warehouse
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.postgres import Postgres
from tests.gaps.shop import publish_to
from tests.published.shop import MIDNIGHT, Shop, asked_shop
from tests.warehouses import servers

FIRST, LAST = date(2026, 6, 1), date(2026, 6, 6)
Publish = Callable[[Shop], Warehouse]
EVERYTHING = Access()


@pytest.fixture(scope="session")
def database_server() -> Iterator[str]:
    with servers.wheel() as one:
        yield one


@pytest.fixture(params=["duckdb", "postgres"])
def publish(request: pytest.FixtureRequest, tmp_path: Path) -> Publish:
    """Publishes a shop to the file, or to a database of its own."""

    def published(shop: Shop) -> Warehouse:
        home = Home(tmp_path / "home")
        if request.param == "duckdb":
            publish_to(home, shop)
            return DuckDBFile(home)
        url = servers.fresh(request.getfixturevalue("database_server"))
        publish_to(home, shop, url)
        return Postgres(home, Address.of(url))

    return published


@dataclass(frozen=True)
class Asker:
    """Asks for one account and some dates of June."""

    warehouse: Warehouse
    access: Access = EVERYTHING
    account: str = "shop"

    @property
    def answers(self) -> Answers:
        return Answers(self.warehouse, self.access, Page())

    def figures(self, *names: str, by: str | None = None, channels: tuple[str, ...] = (), last: date = LAST) -> Figures:
        of = {"channels": channels} if channels else {}
        asked = AskedFigures(account=self.account, first=FIRST, last=last, metrics=names, by=by, **of)
        return self.answers.figures(asked)

    def figure(self, name: str) -> Figure:
        (one,) = self.figures(name).figures
        return one


def test_both_warehouses_give_the_same_answers(tmp_path: Path, database_server: str) -> None:
    """Of every metric, whole, in every kind of group, and with the rows behind it."""
    homes = Home(tmp_path / "file"), Home(tmp_path / "database")
    publish_to(homes[0], asked_shop())
    url = servers.fresh(database_server)
    publish_to(homes[1], asked_shop(), url)
    file, database = (Asker(one) for one in (DuckDBFile(homes[0]), Postgres(homes[1], Address.of(url))))
    seen = 0
    for told in ("report", "handoffs", "skills"):
        names = [one.name for one in metrics().values() if one.told == told]
        for by in metrics()[names[0]].by:
            for some in (names[:20], names[20:]):
                if some:
                    here, there = (one.figures(*some, by=by, channels=("sms", "email")) for one in (file, database))
                    assert (here.figures, here.groups) == (there.figures, there.groups), by
                    seen += len(here.groups)
        for name in names:
            if told != "skills":
                asked = AskedWhy(account="shop", first=FIRST, last=LAST, metric=name)
                assert file.answers.why(asked).behind == database.answers.why(asked).behind
    assert seen > 40


def test_a_figure_that_nobody_tells_is_null_with_what_to_connect_11_1(publish: Publish) -> None:
    shop = Shop()
    shop.conversation("c", "resolved", at=MIDNIGHT + timedelta(hours=1))
    for figure in ("routed", "closed", "attributed_revenue", "add_to_cart_items", "skill_usage"):
        shop.add("measured", figure=figure, state="not_measured")
    shop.add("measured", figure="link_clicks", state="measured", source="files", since=MIDNIGHT)
    asker = Asker(publish(shop))
    told = {one.metric: one for one in asker.figures("routed", "handoffs", "unresolved_rate", "ai_sales").figures}
    assert {one.value for one in told.values()} == {None}
    assert told["ai_sales"].reason == (
        "not measured: AI sales: connect orders, and clicks on product cards or text messages with products"
    )
    assert "routed: connect hand-offs" in str(told["unresolved_rate"].reason)
    assert asker.figure("link_clicks") == Figure(metric="link_clicks", value=0)  # measured, and nobody clicked
    assert asker.figure("volume").value == 1
    handed = asker.figure("answered_handoffs")
    assert (handed.value, "not measured" in str(handed.reason)) == (None, True)
    (group,) = asker.figures("volume", "routed", "begun_handoffs", by="channel").groups
    assert [one.value for one in group.figures] == [1, None, None]
    clicks = asker.answers.metric(AskedMetric(metric="link_clicks", account="shop"))
    assert (clicks.is_measured, clicks.reason) == (True, None)
    assert [(one.figure, one.source, one.since) for one in clicks.measured] == [("link_clicks", "files", MIDNIGHT)]
    carts = asker.answers.metric(AskedMetric(metric="add_to_cart_items", account="shop"))
    assert (carts.is_measured, str(carts.reason)[:20]) == (False, "not measured: carts:")
    why = asker.answers.why(AskedWhy(account="shop", first=FIRST, last=LAST, metric="ai_sales"))
    assert (why.figure.value, why.behind) == (None, None)


def test_nothing_to_divide_by_is_null_for_another_reason(publish: Publish) -> None:
    asker = Asker(publish(Shop()))
    rate = asker.figure("resolution_rate")
    assert (rate.value, rate.numerator, rate.denominator, rate.interval) == (None, 0, 0, None)
    assert rate.reason == "there is nothing to divide by"
    assert asker.figure("volume") == Figure(metric="volume", value=0)
    assert asker.figure("average_order_value").reason == "there is nothing to divide by"
    assert asker.figure("median_minutes_to_reply").reason == "nobody replied in this range"
    assert plain(rate)["value"] is None  # and not left out


def test_rows_that_are_missing_are_said_where_they_touch_the_dates_11_2(publish: Publish) -> None:
    shop = Shop()
    shop.conversation("c", "resolved", at=MIDNIGHT)
    for thing, ours, since in (
        ("messages", 7, datetime(2026, 6, 6, 23, tzinfo=UTC)),
        ("conversations", 9, datetime(2026, 6, 7, 3, tzinfo=UTC)),  # midnight of 7 June there
        ("tickets", 10, None),
    ):
        shop.add("completeness", source="klaviyo", thing=thing, theirs=10, ours=ours, since=since)
    asker = Asker(publish(shop))
    assert [(one.thing, one.theirs, one.ours) for one in asker.figures("volume").missing] == [("messages", 10, 7)]
    assert len(asker.figures("volume", last=date(2026, 6, 7)).missing) == 2


def test_dates_that_are_not_over_say_until_when_there_can_be_anything(publish: Publish) -> None:
    shop = Shop()
    shop.conversation("c", "resolved", at=MIDNIGHT)
    asker = Asker(publish(shop))
    over = asker.figures("volume")
    assert (over.is_over, over.until) == (True, None)
    not_over = asker.figures("volume", last=date(2026, 6, 7))
    assert not_over.is_over is False
    assert not_over.until == not_over.publication.as_of
    (early,) = [one for one in asker.figures("volume", last=LAST).notes if "No conversation" in one]
    assert "from 2 Jun 2026 to 6 Jun 2026" in early


def test_a_publication_of_an_earlier_version_has_no_figure_in_place_of_what_it_did_not_count(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    publish_to(home, asked_shop())
    with duckdb.connect(str(home.published_file)) as connection:
        for table in ("measured", "completeness", "handoffs"):
            connection.execute(f"drop table metrics.{table}")
        for column in ("is_deflected", "open_reason"):
            connection.execute(f"alter table metrics.conversations drop column {column}")
    asker = Asker(DuckDBFile(home))
    names = ("deflection_rate", "ended_resolution_rate", "answered_handoffs", "median_minutes_to_reply")
    found = asker.figures(*names, "volume")
    *without, volume = found.figures
    assert {one.value for one in without} == {None}
    assert all(str(one.reason).startswith("not measured") for one in without)
    assert volume.value
    assert asker.figures("volume", "answered_handoffs", by="week").groups[0].figures[1].value is None
    assert asker.answers.metric(AskedMetric(metric="volume", account="shop")).measured == ()
    rows = {
        name: asker.answers.why(AskedWhy(account="shop", first=FIRST, last=LAST, metric=name)).behind for name in names
    }
    assert {name for name, behind in rows.items() if behind} == {"ended_resolution_rate"}  # of what it did count


def test_who_may_see_one_account_is_told_of_that_account_alone(publish: Publish) -> None:
    warehouse = publish(asked_shop())
    agency = Asker(warehouse, Access(frozenset({"other"}), texts=False), "other")
    assert agency.figure("volume").value == 1
    assert [one.account for one in agency.answers.metrics().accounts] == ["other"]
    only = AskedFigures(first=FIRST, last=LAST, metrics=("volume",))
    assert agency.answers.figures(only).account.account == "other"
    for account in ("shop", "no such"):
        with pytest.raises(NotThere, match=r"the published ones are: other$"):
            Asker(warehouse, agency.access, account).figure("volume")
    nobody = Asker(warehouse, Access(frozenset()), "shop")
    assert nobody.answers.metrics().accounts == ()
    with pytest.raises(InputError, match="is missing"):
        nobody.answers.figures(only)
