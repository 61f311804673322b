"""Shopify over real HTTP: right to the cent in the shop's currency, within its points, whatever fails meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypedDict

import pytest

from flows.ground.errors import SourceRefused
from flows.lake import Lake
from flows.sources.api import Known, Unknown
from flows.sources.sections import Secret
from flows.sources.shopify import client as shopify
from flows.sources.shopify.answers import OrderPage
from flows.sources.shopify.client import Client
from flows.sources.shopify.records import Connection
from flows.sources.shopify.settings import ShopifySettings
from tests.sources.fake_api import Asked
from tests.sources.fake_shopify import ID, SECRET, TOKEN, FakeShopify
from tests.sources.fake_shopify_schema import line, money
from tests.sources.pulled import ACCOUNT, count, current, environment, pulled

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
CREDENTIALS = environment(SHOPIFY_ACCESS_TOKEN=TOKEN, APP=ID, KEY=SECRET)


class App(TypedDict):
    client_id: Secret
    client_secret: Secret


APP = App(client_id=Secret("env", "APP"), client_secret=Secret("env", "KEY"))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shopify, "POLLS", (0.01, 0.05))


def client(
    shop: FakeShopify,
    waiting: Callable[[float], None] = lambda _: None,
    credentials: Mapping[str, str] = CREDENTIALS,
    **settings: Any,
) -> Client:
    """One that reads page by page, from the first load on."""
    return Client(ACCOUNT, ShopifySettings(**{"base_url": shop.url, "bulk": False, **settings}), credentials, waiting)


def asked_since(shop: FakeShopify, kind: str) -> list[str | None]:
    """The filters of the pages that were asked for."""
    bodies = [one.json() for one in shop.asked if one.path.endswith("graphql.json")]
    return [body["variables"].get("query") for body in bodies if f" {kind}(first: $first" in body["query"]]


@pytest.mark.parametrize("bulk", [True, False])
def test_orders_lines_and_products_stand_as_the_shop_has_them(lake: Lake, bulk: bool) -> None:
    with FakeShopify() as shop:
        shop.product(1, NOON)
        shop.order(1, NOON)
        shop.order(2, NOON, cancelledAt="2026-06-01T13:00:00Z")
        shop.order(3, NOON, test=True)
        shop.refund(1, 11, "3.33")
        summary = pulled("shopify", client(shop, bulk=bulk), lake)
    assert (summary.rows, summary.refused) == ({"orders": 2, "order_lines": 4, "products": 1}, {})
    orders, lines = current(lake, "orders"), current(lake, "order_lines")
    assert orders["1"]["placed_at"] == datetime(2026, 5, 1, 10, 1, tzinfo=UTC)
    assert (orders["1"]["currency"], orders["1"]["email"]) == ("EUR", "shopper1@example.com")
    assert (orders["1"]["profile_id"], orders["1"]["cancelled_at"]) == (None, None)
    assert orders["2"]["cancelled_at"] == NOON + timedelta(hours=1)
    third = lines["11"]  # 10.00 in three does not divide: revenue is the line's total all the same
    assert third["quantity"] * third["unit_price"] - third["discount"] == Decimal("10.00")
    assert (third["product_id"], third["refunded_amount"]) == ("1", Decimal("3.33"))
    reduced = lines["12"]
    assert (reduced["unit_price"], reduced["discount"], reduced["sku"]) == (Decimal(20), Decimal("4.5"), "B-2")
    product = current(lake, "products")["1"]
    assert (product["title"], product["url"]) == ("Product 1", "https://shop.example/products/product-1")
    assert "refundLineItems" in orders["1"]["_payload"]


def test_the_second_pull_asks_for_what_changed_and_writes_nothing_twice(lake: Lake) -> None:
    with FakeShopify() as shop:
        for number in range(1, 121):
            shop.order(number, NOON + timedelta(minutes=number))
        pulled("shopify", client(shop), lake)
        shop.asked.clear()
        again = pulled("shopify", client(shop), lake)
        assert (again.loads, again.rows) == ([], {})
        assert asked_since(shop, "orders") == ["updated_at:>='2026-06-01T13:50:00Z'"] * 2  # eleven orders
        shop.order(7, NOON + timedelta(days=1), cancelledAt="2026-06-02T12:00:00Z")
        changed = pulled("shopify", client(shop), lake)
    assert changed.rows == {"orders": 1, "order_lines": 0}
    assert current(lake, "orders")["7"]["cancelled_at"] == NOON + timedelta(days=1)
    assert len(current(lake, "orders")) == 120


def test_a_refund_that_shows_after_its_order_changed_is_found(lake: Lake) -> None:
    with FakeShopify() as shop:
        shop.order(1, NOON)
        pulled("shopify", client(shop), lake)
        shop.order(1, NOON + timedelta(hours=1))  # the order says that it changed
        pulled("shopify", client(shop), lake)
        shop.refund(1, 11, "10.00", quantity=3)  # and only then has its refund
        pulled("shopify", client(shop), lake)
    assert current(lake, "order_lines")["11"]["refunded_amount"] == Decimal("10.00")


def test_nothing_is_lost_while_orders_change_calls_fail_rows_repeat_and_many_share_a_second(lake: Lake) -> None:
    with FakeShopify(faults=0.05, seed=3) as shop:
        for number in range(1, 151):
            shop.order(number, NOON)  # an import: all in one second
        for number in range(151, 301):
            shop.order(number, NOON + timedelta(seconds=number))
        moved = iter(range(160, 180))

        def change(asked: Asked) -> None:
            if number := next(moved, None):
                shop.order(number, NOON + timedelta(days=1, seconds=number), cancelledAt="2026-06-02T12:00:00Z")

        shop.before = change
        pulled("shopify", client(shop), lake)
    orders = current(lake, "orders")
    assert len(orders) == 300
    assert {int(number) for number, order in orders.items() if order["cancelled_at"]} == set(range(160, 180)) - set(
        moved
    )
    assert len(current(lake, "order_lines")) == 600


def test_lines_and_refunds_that_fill_more_than_a_page_are_all_there(lake: Lake) -> None:
    with FakeShopify() as shop:
        shop.order(1, NOON, lineItems=[line(100 + n, product=n, quantity=2, total="8.0") for n in range(1, 74)])
        whole = shop.refund(1, 101, "4.0")
        for number in range(102, 174):
            whole["refundLineItems"] += shop.refund(1, number, "4.0")["refundLineItems"]
        shop.records["orders"][1]["refunds"] = [whole]
        pulled("shopify", client(shop), lake)
    lines = current(lake, "order_lines")
    assert len(lines) == 73
    assert {one["refunded_amount"] for one in lines.values()} == {Decimal(4)}


def test_a_pull_that_was_cut_off_goes_on_and_a_lost_folder_loses_no_place(lake: Lake, tmp_path: Path) -> None:
    with FakeShopify() as shop:
        shop.product(1, NOON)
        for number in range(1, 101):
            shop.order(number, NOON + timedelta(hours=number))
        pulled("shopify", client(shop), lake, minutes=0)
        first = pulled("shopify", client(shop), lake, minutes=0)
        assert first.rows["orders"] < 20
        rest = Lake(tmp_path / "lake")
        while pulled("shopify", client(shop), rest, minutes=0).loads:
            pass
    assert len(current(lake, "orders")) == 100
    assert count(lake, "orders") == 100


def test_cursors_begin_anew_before_they_end(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shopify, "CEILING", 50)
    with FakeShopify() as shop:
        shop.ceiling = 80
        for number in range(1, 201):
            shop.order(number, NOON + timedelta(minutes=number))
        pulled("shopify", client(shop), lake)
    assert len(current(lake, "orders")) == 200


def test_nothing_older_than_the_start_is_asked_for(lake: Lake) -> None:
    with FakeShopify() as shop:
        shop.order(1, NOON - timedelta(days=40))
        shop.order(2, NOON)
        pulled("shopify", client(shop, start=date(2026, 6, 1), bulk=True), lake)
        assert "orders(query: \\\"updated_at:>='2026-06-01T00:00:00Z'\\\")" in "".join(
            one.body.decode().replace('\\\\\\"', '\\"') for one in shop.asked
        )
    assert current(lake, "orders").keys() == {"2"}


def test_lines_without_a_product_and_units_that_were_taken_away(lake: Lake) -> None:
    with FakeShopify() as shop:
        lines = [
            line(1, product=None, quantity=1, total="5.0", sku="A-1"),
            line(2, product=None, quantity=1, total="5.0"),
            line(3, product=3, quantity=4, total="20.0", discounts=("4.0",), current=1),  # three were edited away
            line(4, product=4, quantity=2, total="20.0", discounts=("30.0",)),
            line(5, product=5, quantity=0, total="0.0"),
        ]
        shop.order(1, NOON, lineItems=lines, email=None, processedAt=None)
        summary = pulled("shopify", client(shop), lake)
    found = current(lake, "order_lines")
    assert [(found[one]["product_id"], found[one]["sku"]) for one in "12"] == [(None, "A-1"), (None, None)]
    assert found["3"]["refunded_amount"] == Decimal(12)
    assert found["4"]["discount"] == Decimal(30)
    assert current(lake, "orders")["1"]["placed_at"] == datetime(2026, 5, 1, 10, 1, tzinfo=UTC)
    assert summary.refused == {"order_lines": 1}
    assert any("quantity is less than 0.0001" in one for one in summary.refusals)


@pytest.mark.parametrize("connection", [{"edges": [{"node": {"id": "1"}}]}, {"nodes": [{"id": "1"}]}, [{"id": "1"}]])
def test_a_connection_may_have_its_records_in_edges(connection: Any) -> None:
    assert Connection[Any].read(connection, Unknown()).nodes == ({"id": "1"},)


@pytest.mark.parametrize(
    "connection", [{}, {"edges": "many"}, {"nodes": 7}, None, {"nodes": [], "pageInfo": {"hasNextPage": True}}]
)
def test_a_connection_of_another_shape_is_refused(connection: Any) -> None:
    with pytest.raises(SourceRefused, match=r"answers in a shape that is not known: (it has no )?orders"):
        OrderPage.answered("shopify", {"orders": connection}, Unknown())


@pytest.mark.parametrize("status", ["VOIDED", "EXPIRED"])
def test_an_order_whose_payment_was_never_taken_is_not_sold(lake: Lake, status: str) -> None:
    with FakeShopify() as shop:
        shop.order(1, NOON, displayFinancialStatus=status)
        shop.order(2, NOON)
        pulled("shopify", client(shop), lake)
    assert [order["cancelled_at"] for order in current(lake, "orders").values()] == [NOON, None]
    assert current(lake, "orders")["1"]["order_line_ids"] == ["no-line-of:1"]  # else its gross revenue would count
    assert set(current(lake, "order_lines")) == {"21", "22"}


def test_an_order_that_was_given_back_whole_earns_nothing_although_its_refund_names_no_lines(lake: Lake) -> None:
    with FakeShopify() as shop:
        shop.order(1, NOON, displayFinancialStatus="REFUNDED")
        shop.refund(1, 11, "25.5")["refundLineItems"].clear()
        pulled("shopify", client(shop), lake)
    lines = current(lake, "order_lines").values()
    assert [line["quantity"] * line["unit_price"] - line["discount"] - line["refunded_amount"] for line in lines] == [
        0,
        0,
    ]


@pytest.mark.parametrize("bulk", [True, False])
def test_a_line_that_left_its_order_is_named_no_more(lake: Lake, bulk: bool) -> None:
    """It counted for ever; gift cards and tips were sold products."""
    with FakeShopify() as shop:
        shop.order(1, NOON)
        card = line(23, product=9, quantity=1, total="50.0", sku="CARD", is_gift_card=True)
        tip, by_hand = line(24, product=None, quantity=1, total="2.0"), line(25, product=None, quantity=1, total="3.0")
        shop.order(2, NOON, lineItems=[card, tip, by_hand], totalTipReceivedSet=money("2.0"))
        shop.order(3, NOON, lineItems=[])
        shop.product(9, NOON, isGiftCard=True)
        pulled("shopify", client(shop, bulk=bulk), lake)
        first = {number: row["order_line_ids"] for number, row in current(lake, "orders").items()}
        shop.order(1, NOON + timedelta(days=2), lineItems=shop.records["orders"][1]["lineItems"][:1])
        pulled("shopify", client(shop, bulk=bulk), lake)
    assert first == {"1": ["11", "12"], "2": ["25"], "3": ["no-line-of:3"]}
    assert set(current(lake, "order_lines")) == {"11", "12", "25"}
    assert current(lake, "orders")["1"]["order_line_ids"] == ["11"]
    assert current(lake, "orders")["1"]["phone"] == "+49 151 0000001"
    assert current(lake, "products") == {}


@pytest.mark.parametrize("pending_counts", [True, False])
def test_orders_that_wait_for_payment_count_as_the_settings_say(lake: Lake, pending_counts: bool) -> None:
    with FakeShopify() as shop:
        shop.order(1, NOON)
        shop.order(2, NOON, displayFinancialStatus="PENDING")
        pulled("shopify", client(shop, pending_counts=pending_counts), lake)
        shop.order(1, NOON + timedelta(hours=1), displayFinancialStatus="PENDING")
        pulled("shopify", client(shop, pending_counts=pending_counts), lake)
    found = {number: row["order_line_ids"] for number, row in current(lake, "orders").items()}
    assert found == ({"1": ["11", "12"], "2": ["21", "22"]} if pending_counts else {"1": ["no-line-of:1"]})


def test_a_product_that_is_deleted_later_is_not_replaced_by_its_sku_2_7(lake: Lake) -> None:
    """Its line became `sku:S`, and the published sale of the past vanished."""
    with FakeShopify() as shop:
        sold = line(11, product=11, quantity=1, total="20.0", sku="S")
        shop.order(1, NOON, lineItems=[sold])
        pulled("shopify", client(shop), lake)
        sold["product"] = None
        shop.order(1, NOON + timedelta(hours=1), lineItems=[sold])
        pulled("shopify", client(shop), lake)
    row = current(lake, "order_lines")["11"]
    assert (row["product_id"], row["sku"]) == (None, "S")
    assert Known(lake, ACCOUNT).products(["S"]) == {"S": "11"}  # a line without a product does not hide the others
