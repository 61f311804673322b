"""Orders as Klaviyo's own integrations tell of them, over real HTTP: lines, discounts, refunds, and who bought."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from flows.lake import Lake
from flows.sources.klaviyo.endpoints import Group
from tests.sources.fake_klaviyo import FakeKlaviyo
from tests.sources.pulled import current, pulled
from tests.sources.test_klaviyo import client

AT = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
TWO = [{"ProductID": "11", "Quantity": 1, "ItemPrice": 20}, {"ProductID": "12", "Quantity": 3, "ItemPrice": 10}]


class Orders(FakeKlaviyo):
    """An account with the metrics of one integration."""

    def __init__(self) -> None:
        super().__init__()
        names = ("Placed Order", "Ordered Product", "Refunded Order", "Cancelled Order")
        self.placed, self.ordered, self.refunded, self.cancelled = map(self.metric, names)

    def order(self, number: str = "1001", metric: str | None = None, /, **properties: Any) -> None:
        self.event(metric or self.placed, AT, **{"$event_id": number, "$currency_code": "EUR", **properties})

    def product(self, number: str = "1001", metric: str | None = None, /, **properties: Any) -> None:
        self.event(metric or self.ordered, AT, **{"OrderId": number, **properties})

    def refund(self, number: str = "1001", metric: str | None = None, /, **properties: Any) -> None:
        self.event(metric or self.refunded, AT + timedelta(hours=1), **{"OrderId": number, **properties})


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Orders]:
    monkeypatch.setattr(Group, "limits", property(lambda group: ((10_000, 1.0),)))
    with Orders() as shop:
        yield shop


def paid(lake: Lake) -> dict[str | None, tuple[object, ...]]:
    """By product: pieces, what was paid and what was given back, of the lines that the orders have."""
    kept = {name for order in current(lake, "orders").values() for name in order["order_line_ids"] or ()}
    found: dict[str | None, tuple[int, Decimal, Decimal]] = {}
    for name, line in current(lake, "order_lines").items():
        if name in kept:
            pieces, amount, back = found.get(line["product_id"], (0, Decimal(0), Decimal(0)))
            amount += line["quantity"] * line["unit_price"] - line["discount"]
            found[line["product_id"]] = (pieces + line["quantity"], amount, back + line["refunded_amount"])
    return {product: tuple(of) for product, of in found.items()}


def test_titles_in_items_leave_the_lines_to_the_events_of_the_products(shop: Orders, lake: Lake) -> None:
    """Items that were titles made an order without lines, and what the agent had sold was 0."""
    shop.order(**{"$value": 40, "Items": ["Shirt"]})
    for _ in range(2):
        shop.product(ProductID="11", Quantity=1, **{"$value": 20})
    pulled("klaviyo", client(shop), lake)
    assert paid(lake) == {"11": (2, 40, 0)}


@pytest.mark.parametrize(
    ("place", "item"),
    [
        ("line_items", {"id": 7, "product_id": 11, "sku": "S", "quantity": 2, "price": "20.00"}),
        ("Items", {"ProductID": 11.0, "Quantity": 2, "SubTotal": 40, "LineTotal": 40}),
    ],
)
def test_lines_stand_in_the_shops_own_order(place: str, item: dict[str, Any], shop: Orders, lake: Lake) -> None:
    """They were looked for in `Items` alone."""
    shop.order(**{"Items": ["Shirt"], "$extra": {"id": 1001, "email": "a@example.com", place: [item]}})
    pulled("klaviyo", client(shop), lake)
    assert paid(lake) == {"11": (2, 40, 0)}


@pytest.mark.parametrize(
    ("item", "amount"),
    [
        ({"ItemPrice": 20, "RowTotal": 32}, "32"),
        ({"ItemPrice": 20, "RowTotal": 40, "DiscountAmount": "8.00"}, "32"),
        ({"ItemPrice": 20, "Discount": 8}, "32"),
        (
            {"price": "20", "total_discount": "0.00", "discount_allocations": [{"amount": "5"}, {"amount": "3"}]},
            "32",
        ),
        ({"price": "20.00", "total_discount": "8.00", "discount_allocations": []}, "32"),
        ({"RowTotal": 10}, "10"),
    ],
)
def test_a_discount_is_taken_however_it_is_told(item: dict[str, Any], amount: str, shop: Orders, lake: Lake) -> None:
    """Lines counted with the price of their pieces."""
    shop.order(Items=[{"ProductID": "11", "Quantity": 2, **item}])
    pulled("klaviyo", client(shop), lake)
    assert paid(lake) == {"11": (2, Decimal(amount), 0)}


def test_a_line_whose_product_is_gone_is_no_product_with_the_lines_id_and_a_gift_card_is_no_line(
    shop: Orders, lake: Lake
) -> None:
    """The `id` of such a line is its own, and was taken for the product's."""
    line = {"id": 7, "product_id": None, "sku": "S", "quantity": 1, "price": "20"}
    card = {"id": 8, "product_id": 12, "quantity": 1, "price": "50", "gift_card": True}
    shop.order(**{"$extra": {"line_items": [line, card]}})
    pulled("klaviyo", client(shop), lake)
    assert paid(lake) == {None: (1, 20, 0)}


@pytest.mark.parametrize(
    ("refunds", "back"),
    [
        ([{}], {"11": 20, "12": 30}),
        ([{"$value": 50}], {"11": 20, "12": 30}),
        ([{"$value": 54.9}], {"11": 20, "12": 30}),  # with what the parcel cost
        ([{"$value": 0}], {"11": 0, "12": 0}),
        ([{"$value": "10", "Items": ["Shirt", "Hat"]}], {"11": 4, "12": 6}),
        ([{"Items": TWO[1:]}], {"11": 0, "12": 30}),
        ([{"Items": TWO, "$value": 25}], {"11": 10, "12": 15}),
        ([{"Items": [{"ProductID": "12", "Quantity": 1}]}], {"11": 0, "12": 10}),
        ([{"Items": [{"ProductID": "12", "Quantity": 1, "RowTotal": 10}]}] * 2, {"11": 0, "12": 20}),
        ([{"Items": TWO[:1]}, {}], {"11": 20, "12": 30}),
        ([{"$value": "0.01"}] * 3, {"11": "0.012", "12": "0.018"}),
    ],
)
def test_a_refund_is_that_of_the_lines_that_it_names_or_of_the_whole_order(
    refunds: list[dict[str, Any]], back: dict[str, Any], shop: Orders, lake: Lake
) -> None:
    """Refunds were never asked for."""
    shop.order(Items=TWO)
    for refund in refunds:
        shop.refund(**refund)
    pulled("klaviyo", client(shop), lake)
    assert {product: given[2] for product, given in paid(lake).items()} == {
        product: Decimal(amount) for product, amount in back.items()
    }


def test_a_refund_of_one_variant_is_not_that_of_the_other(shop: Orders, lake: Lake) -> None:
    small, large = ({"ProductID": "11", "SKU": sku, "Quantity": 1, "ItemPrice": 20} for sku in ("S", "L"))
    shop.order(Items=[small, large])
    shop.refund(Items=[large])
    pulled("klaviyo", client(shop), lake)
    assert {line["sku"]: line["refunded_amount"] for line in current(lake, "order_lines").values()} == {"S": 0, "L": 20}


def test_a_cancelled_order_says_when_also_where_it_comes_in_a_later_pull(shop: Orders, lake: Lake) -> None:
    """Cancellations were never asked for."""
    shop.order(Items=TWO)
    pulled("klaviyo", client(shop), lake)
    assert current(lake, "orders")["1001"]["cancelled_at"] is None
    shop.event(shop.cancelled, AT + timedelta(hours=2), **{"$event_id": "1001:cancelled"})
    shop.refund()
    pulled("klaviyo", client(shop), lake)
    assert current(lake, "orders")["1001"]["cancelled_at"] == AT + timedelta(hours=2)
    assert paid(lake) == {"11": (1, 20, 20), "12": (3, 30, 30)}


@pytest.mark.parametrize("said", [{"currency": "SEK"}, {"currency": None}])
def test_an_order_without_a_currency_is_in_that_of_the_account(
    said: dict[str, str | None], shop: Orders, lake: Lake
) -> None:
    """It was refused, and closed the gate."""
    shop.order(Items=TWO, **{"$currency_code": None, "Presentment Currency": "USD", "$extra": said})
    pulled("klaviyo", client(shop, order_currency="EUR"), lake)
    assert current(lake, "orders")["1001"]["currency"] == (said["currency"] or "EUR")


def test_an_order_that_two_integrations_report_counts_once(shop: Orders, lake: Lake) -> None:
    other = {name: shop.metric(name) for name in ("Placed Order", "Ordered Product", "Refunded Order")}
    shop.order(Items=["Shirt"])
    shop.order("gid://shopify/Order/1001", other["Placed Order"], Items=["Shirt"])
    for metric in (shop.ordered, other["Ordered Product"]):
        shop.product("1001", metric, ProductID="11", Quantity=1, **{"$value": 20})
        shop.product("1001", metric, ProductID="12", Quantity=1, **{"$value": 30})
    for metric in (shop.refunded, other["Refunded Order"]):
        shop.refund("1001", metric, **{"$value": 5})
    pulled("klaviyo", client(shop), lake)
    assert paid(lake) == {"11": (1, 20, 2), "12": (1, 30, 3)}
    shop.order("1001", other["Placed Order"], Items=TWO[:1])  # the one with objects says most
    pulled("klaviyo", client(shop), lake)
    assert paid(lake) == {"11": (1, 20, 5)}


def test_an_amount_in_words_refuses_its_line_or_refund_alone(shop: Orders, lake: Lake) -> None:
    items = [{"ProductID": "13", "Quantity": 2, "RowTotal": "$40.00"}, "Shirt", *TWO]
    shop.order(Items=[*items, {"ProductID": "14", "Quantity": "1e999999", "RowTotal": 1}])
    shop.refund(**{"$value": "all of it"})
    summary = pulled("klaviyo", client(shop), lake)
    assert summary.refused == {"order_lines": 4}
    assert paid(lake) == {"11": (1, 20, 0), "12": (3, 30, 0)}


def test_who_placed_the_orders_of_a_shop_is_told_by_its_id(shop: Orders, lake: Lake) -> None:
    """A shop's orders know their shopper by email alone, and those without an email were nobody's."""
    shop.order("gid://shopify/Order/1001", Items=TWO)
    shop.event(shop.placed, AT, None, **{"$event_id": "1002"})
    shop.event(shop.placed, AT, "P2", OrderId=1003)
    shop.refund()
    pulled("klaviyo", client(shop, orders=False), lake)
    assert {of: row["profile_id"] for of, row in current(lake, "order_profiles").items()} == {
        "1001": "P1",
        "1003": "P2",
    }
    assert (current(lake, "orders"), current(lake, "order_lines")) == ({}, {})
    assert not any(shop.refunded in asked.params.get("filter", "") for asked in shop.asked)
