"""Shopify's first load: files whose lines stand in any order, and operations that fail, wait or are picked up."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from flows.ground.errors import SourceRefused, SourceUnavailable
from flows.lake import Lake
from flows.sources.api import http
from flows.sources.shopify import bulk
from flows.sources.shopify import client as shopify
from flows.sources.shopify.client import Client
from flows.sources.shopify.settings import ShopifySettings
from tests.sources.fake_api import Asked
from tests.sources.fake_shopify import TOKEN, FakeShopify
from tests.sources.pulled import ACCOUNT, count, current, environment, pulled

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shopify, "POLLS", (0.01, 0.05))


def client(shop: FakeShopify) -> Client:
    return Client(ACCOUNT, ShopifySettings(base_url=shop.url), environment(SHOPIFY_ACCESS_TOKEN=TOKEN), lambda _: None)


def filled(shop: FakeShopify, orders: int) -> None:
    shop.product(1, NOON)
    for number in range(1, orders + 1):
        shop.order(number, NOON + timedelta(minutes=number))


def test_lines_find_their_order_wherever_they_stand(lake: Lake) -> None:
    with FakeShopify(faults=0.1, seed=5) as shop:
        filled(shop, 600)
        for number in range(1, 600, 40):
            shop.refund(number, number * 10 + 2, "15.50")
        pulled("shopify", client(shop), lake)
        assert len(shop.bulk.known) >= 2
        assert shop.storage.asked  # which refuses credentials
        lines = current(lake, "order_lines")
        assert (len(current(lake, "orders")), len(lines), len(current(lake, "products"))) == (600, 1200, 1)
        assert all(line["order_line_id"][:-1] == line["order_id"] for line in lines.values())
        refunded = {int(line["order_id"]) for line in lines.values() if line["refunded_amount"] == Decimal("15.5")}
        assert refunded == set(range(1, 600, 40))
        written = count(lake, "orders")
        operations = len(shop.bulk.known)
        again = pulled("shopify", client(shop), lake)
        assert (again.loads, len(shop.bulk.known)) == ([], operations)
    assert written == 600


def test_what_changes_while_the_operation_runs_is_read_after_it(lake: Lake) -> None:
    with FakeShopify() as shop:
        filled(shop, 20)

        def change(asked: Asked) -> None:
            if len(shop.bulk.known) == 2:
                shop.order(3, shop.now() + timedelta(minutes=1), cancelledAt="2026-06-02T00:01:00Z")

        shop.before = change
        pulled("shopify", client(shop), lake)
        assert current(lake, "orders")["3"]["cancelled_at"] == shop.now() + timedelta(minutes=1)
        shop.asked.clear()
        pulled("shopify", client(shop), lake)
        asked = [one.json()["variables"]["query"] for one in shop.asked]
    assert asked[-1] == "updated_at:>='2026-06-01T23:51:00Z'"


def test_an_operation_that_still_runs_is_picked_up_by_the_next_pull(lake: Lake, tmp_path: Path) -> None:
    with FakeShopify(polls=3) as shop:
        filled(shop, 20)
        waits = [pulled("shopify", client(shop), Lake(tmp_path / "lake"), minutes=0) for _ in range(3)]
        assert waits[0].first_load is not None
        assert len(shop.bulk.known) == 1
        pulled("shopify", client(shop), lake)
        assert len(shop.bulk.known) == 2  # of the products, and of the orders
    assert len(current(lake, "orders")) == 20


def test_a_file_that_was_read_in_part_is_read_on(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shopify, "FAMILIES", 10)
    with FakeShopify() as shop:
        filled(shop, 100)
        summaries = [pulled("shopify", client(shop), lake, minutes=0)]
        while not (summaries[-1].first_load is None and not summaries[-1].loads):
            summaries.append(pulled("shopify", client(shop), lake, minutes=0))
        assert len(shop.bulk.known) == 2
    shares = [one.first_load.share for one in summaries if one.first_load]
    assert shares == sorted(shares)
    assert len(shares) > 8
    assert (len(current(lake, "orders")), count(lake, "orders")) == (100, 100)


@pytest.mark.parametrize("ending", ["FAILED", "CANCELED", "EXPIRED"])
def test_an_operation_that_ended_without_a_file_is_started_anew(lake: Lake, ending: str) -> None:
    with FakeShopify() as shop:
        filled(shop, 20)
        shop.bulk.endings = ["COMPLETED", ending]
        pulled("shopify", client(shop), lake)
        assert len(shop.bulk.known) == 3
        assert len(current(lake, "orders")) == 20


def test_operations_that_never_end_well_are_given_up_until_the_next_run(lake: Lake) -> None:
    with FakeShopify() as shop:
        filled(shop, 20)
        shop.bulk.endings = ["COMPLETED", "FAILED", "FAILED", "FAILED"]
        with pytest.raises(SourceUnavailable, match=r"ended as FAILED \(INTERNAL_SERVER_ERROR\)") as raised:
            pulled("shopify", client(shop), lake)
        assert raised.value.is_transient
        assert len(current(lake, "products")) == 1
        pulled("shopify", client(shop), lake)
    assert len(current(lake, "orders")) == 20


def test_a_file_that_is_gone_is_made_anew_and_one_that_is_cut_is_fetched_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "ATTEMPTS", 3)
    with FakeShopify() as shop:
        filled(shop, 20)

        def lose(asked: Asked) -> None:
            if asked.json()["query"].startswith("query State") and "/bulk/2.jsonl" in shop.storage.files:
                shop.storage.files.pop("/bulk/2.jsonl")
                shop.storage.cut = 1

        shop.before = lose
        pulled("shopify", client(shop), lake)
        assert [one.path for one in shop.storage.asked] == [f"/bulk/{n}.jsonl" for n in (1, 2, 3, 3)]
    assert len(current(lake, "orders")) == 20


def test_an_operation_that_ended_too_long_ago_is_no_empty_shop(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shopify, "FAMILIES", 10)
    with FakeShopify() as shop:
        filled(shop, 20)
        while not current(lake, "orders"):
            pulled("shopify", client(shop), lake, minutes=0)
        for operation in shop.bulk.known.values():
            operation["_ended"]["url"] = None
        pulled("shopify", client(shop), lake)
        assert len(shop.bulk.known) == 3
    assert len(current(lake, "orders")) == 20


def test_where_others_run_their_operations_one_waits_for_them(lake: Lake) -> None:
    with FakeShopify() as shop:
        filled(shop, 20)
        shop.bulk.busy = 3
        pulled("shopify", client(shop), lake)
    assert len(current(lake, "orders")) == 20


def test_a_shop_without_orders_is_asked_for_all_of_them_once(lake: Lake) -> None:
    with FakeShopify() as shop:
        pulled("shopify", client(shop), lake)
        pulled("shopify", client(shop), lake)
        assert len(shop.bulk.known) == 2
        shop.order(1, shop.now())
        pulled("shopify", client(shop), lake)
    assert current(lake, "orders").keys() == {"1"}


def test_families_come_in_the_order_of_their_change_and_lines_without_a_parent_are_not_lost_quietly(
    tmp_path: Path,
) -> None:
    orders = [{"id": f"o{n}", "updatedAt": f"2026-06-01T12:00:{n:02}Z"} for n in range(40)]
    lines = [{"id": f"l{n}{m}", "__parentId": f"o{n}"} for n in range(40) for m in range(3)]
    everything = [*orders, *lines, orders[3]]
    random.Random(1).shuffle(everything)
    file = tmp_path / "bulk.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in everything), "utf-8")
    found = list(bulk.families(file, "2026-06-01T12:00:10+00:00"))
    assert [root["id"] for _, root, _ in found] == [f"o{n}" for n in range(10, 40)]
    assert all([child["__parentId"] for child in children] == [root["id"]] * 3 for _, root, children in found)
    file.write_text(json.dumps(lines[0]) + "\n", "utf-8")
    (tmp_path / "bulk.duckdb").unlink()
    with pytest.raises(SourceRefused, match="lines without their parent"):
        list(bulk.families(file, ""))
