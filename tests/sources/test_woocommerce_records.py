"""WooCommerce's records as it documents them, with names that are new, and in shapes that nobody expected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from flows.ground.errors import SourceRefused
from flows.lake import Lake
from flows.sources.woocommerce import mapping
from tests.sources.fake_api import Answer
from tests.sources.fake_woocommerce import FakeWooCommerce, line
from tests.sources.pulled import current, pulled
from tests.sources.test_woocommerce import client

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
STAMP = "2026-05-01T12:00:00"
ADDRESS = dict.fromkeys(
    ("first_name", "last_name", "company", "address_1", "address_2", "city", "state", "postcode", "country"), "Private"
)
META = {"id": 5, "key": "_gift_note", "value": {"for": "Private"}, "display_key": "Note", "display_value": "Private"}
TAXES = [{"id": 75, "total": "1.35", "subtotal": "1.35"}]
LINE = {
    **line(11, product=7, quantity=2, subtotal="20.00", total="18.00", sku="S"),
    "name": "A shirt, blue",
    "parent_name": "A shirt",
    "variation_id": 23,
    "tax_class": "",
    "subtotal_tax": "1.50",
    "total_tax": "1.35",
    "taxes": TAXES,
    "meta_data": [META],
    "image": {"id": "3", "src": "https://shop.example/shirt.png"},
}
TAX_LINE = {"id": 12, "rate_code": "DE-1", "rate_id": 75, "label": "Tax", "compound": False, "tax_total": "1.35"}
# Every field that is documented, or that WooCommerce's own controllers write.
ORDER: dict[str, Any] = {
    "parent_id": 0,
    "number": "1",
    "order_key": "wc_order_private",
    "created_via": "checkout",
    "version": "10.1.0",
    "status": "completed",
    "currency": "EUR",
    "currency_symbol": "€",
    "date_created": STAMP,
    "date_modified": STAMP,
    **dict.fromkeys(("discount_total", "discount_tax", "shipping_total", "shipping_tax", "cart_tax"), "1.00"),
    "total": "19.35",
    "total_tax": "1.35",
    "prices_include_tax": False,
    "customer_id": 7,
    "customer_ip_address": "192.0.2.7",
    "customer_user_agent": "Private",
    "customer_note": "Private",
    "billing": {**ADDRESS, "email": "shopper1@example.com", "phone": "(555) 555-5555"},
    "shipping": {**ADDRESS, "phone": "(555) 555-5555"},
    "payment_method": "bacs",
    "payment_method_title": "Bank transfer",
    "transaction_id": "private",
    **dict.fromkeys(("date_paid", "date_paid_gmt", "date_completed", "date_completed_gmt"), STAMP),
    "cart_hash": "7c",
    "meta_data": [META],
    "line_items": [LINE],
    "tax_lines": [TAX_LINE],
    "shipping_lines": [{"id": 13, "method_title": "Flat rate", "method_id": "flat_rate", "total": "1.00"}],
    "fee_lines": [{"id": 14, "name": "A fee", "tax_status": "taxable", "total": "1.00"}],
    "coupon_lines": [{"id": 15, "code": "SPRING", "discount": "2.00", "discount_tax": "0.00", "meta_data": [META]}],
    "refunds": [{"id": 99, "reason": "Private", "total": "-9.00"}],
    "payment_url": "https://shop.example/checkout/private",
    **dict.fromkeys(("is_editable", "needs_payment", "needs_processing"), False),
    "_links": {"self": [{"href": "https://shop.example/wp-json/wc/v3/orders/1"}]},
}
REFUND: dict[str, Any] = {
    "id": 99,
    "date_created": STAMP,
    "date_created_gmt": STAMP,
    "amount": "9.00",
    "reason": "Private",
    "refunded_by": 1,
    "refunded_payment": False,
    "meta_data": [META],
    "line_items": [
        {**LINE, "id": 16, "quantity": -1, "total": "-9.00", "meta_data": [META, {"key": mapping.OF_LINE, "value": 11}]}
    ],
    "shipping_lines": [],
    "tax_lines": [TAX_LINE],
    "fee_lines": [],
    "_links": {"up": [{"href": "https://shop.example/wp-json/wc/v3/orders/1"}]},
}
PRODUCT: dict[str, Any] = {
    "slug": "shirt",
    "date_created": STAMP,
    "date_modified": STAMP,
    "type": "variable",
    "status": "publish",
    **dict.fromkeys(("featured", "on_sale", "purchasable", "virtual", "downloadable", "manage_stock"), False),
    **dict.fromkeys(("backorders_allowed", "backordered", "sold_individually", "reviews_allowed"), False),
    **dict.fromkeys(("shipping_required", "shipping_taxable", "has_options"), True),
    **dict.fromkeys(("catalog_visibility", "description", "short_description", "sku", "price", "regular_price"), "9"),
    **dict.fromkeys(("sale_price", "price_html", "external_url", "button_text", "tax_status", "tax_class"), ""),
    **dict.fromkeys(("date_on_sale_from", "date_on_sale_from_gmt", "date_on_sale_to", "date_on_sale_to_gmt"), None),
    **dict.fromkeys(("stock_status", "backorders", "weight", "shipping_class", "average_rating", "purchase_note"), ""),
    **dict.fromkeys(("global_unique_id", "post_password"), ""),
    **dict.fromkeys(("total_sales", "download_limit", "download_expiry", "shipping_class_id", "rating_count"), 0),
    **dict.fromkeys(("parent_id", "menu_order"), 0),
    **dict.fromkeys(("stock_quantity", "low_stock_amount"), None),
    **dict.fromkeys(("downloads", "related_ids", "upsell_ids", "cross_sell_ids", "categories", "tags", "images"), ()),
    **dict.fromkeys(("attributes", "default_attributes", "variations", "grouped_products", "brands"), ()),
    "dimensions": {"length": "", "width": "", "height": ""},
    "meta_data": [META],
    "_links": {"self": [{"href": "https://shop.example/wp-json/wc/v3/products/7"}]},
}


def test_what_is_documented_is_expected_whole_and_what_is_private_is_not_kept(lake: Lake) -> None:
    with FakeWooCommerce() as shop:
        shop.product(7, NOON)
        shop.records["products"][0] |= PRODUCT
        shop.order(1, NOON).update(ORDER)
        shop.refunds[1] = [REFUND]
        summary = pulled("woocommerce", client(shop), lake)
    assert (summary.unknown_fields, summary.refused) == ({}, {})
    (sold,) = current(lake, "order_lines").values()
    assert (sold["quantity"], sold["discount"], sold["refunded_amount"]) == (2, 2, 9)
    order = current(lake, "orders")["1"]
    assert (order["phone"], order["order_line_ids"]) == ("(555) 555-5555", ["11"])
    kept = "".join(str(row["_payload"]) for table in ("orders", "order_lines") for row in current(lake, table).values())
    assert "rivate" not in kept
    assert "19.35" in kept  # what no column comes from is there for who maps the payload again


def test_names_that_are_new_are_told_and_not_kept(lake: Lake) -> None:
    with FakeWooCommerce() as shop:
        shop.product(7, NOON)
        shop.records["products"][0]["mood"] = "Ann is cross"
        shop.order(1, NOON, mood="Ann is cross", line_items=[{**LINE, "shoe_size": "Ann has 44"}], refunds=[{"id": 99}])
        shop.refunds[1] = [{**REFUND, "mood": "Ann is cross"}]
        summary = pulled("woocommerce", client(shop), lake)
        again = pulled("woocommerce", client(shop), lake)
    told = {"Line.shoe_size": 1, "Order.mood": 1, "Product.mood": 1, "Refund.mood": 1}
    assert (summary.unknown_fields, again.unknown_fields, summary.refused) == (told, {}, {})
    assert not [
        row for table in ("orders", "order_lines", "products") for row in _payloads(lake, table) if "Ann" in row
    ]


def test_a_record_counts_without_what_it_can_do_without(lake: Lake) -> None:
    odd: dict[str, Any] = {"number": [1], "customer_id": "seven", "total": {}, "date_paid_gmt": "soon", "refunds": 7}
    with FakeWooCommerce() as shop:
        shop.order(1, NOON)
        shop.refund(1, 11, "3.33", NOON)
        shop.records["orders"][0] |= odd
        summary = pulled("woocommerce", client(shop), lake)
    assert summary.unknown_fields == {f"Order.{name} = ?": 1 for name in sorted(odd)}
    assert current(lake, "order_lines")["11"]["refunded_amount"] == Decimal("3.33")  # asked for, as there may be some


def test_numbers_may_be_texts_and_lists_may_be_one_object(lake: Lake) -> None:
    sold = {**LINE, "id": "11", "product_id": "7", "quantity": "2"}
    back = {**REFUND, "line_items": REFUND["line_items"][0] | {"meta_data": {"key": mapping.OF_LINE, "value": "11"}}}
    with FakeWooCommerce() as shop:
        order = shop.order(1, NOON, line_items=sold, refunds={"id": "99"})
        shop.refunds[1] = [back]
        order["date_modified_gmt"] = "2026-06-01T12:00:00"
        summary = pulled("woocommerce", client(shop), lake)
    assert (summary.refused, summary.unknown_fields) == ({}, {})
    assert current(lake, "orders")["1"]["order_line_ids"] == ["11"]
    row = current(lake, "order_lines")["11"]
    assert (row["product_id"], row["quantity"], row["refunded_amount"]) == ("7", 2, 9)


ODD: list[Any] = ["a record", ["a", "record"], None, 7, {}, {"id": None}, {"id": {"id": 1}}]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("path", ["orders", "products"])
def test_a_record_of_another_shape_is_refused_alone(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, path: str, odd: Any
) -> None:
    """Also one that is alone: the place cannot move then, and no pull stops at it."""
    with FakeWooCommerce() as shop:
        answer, records = shop.answer, list[Any]([odd])
        shop.answer = lambda asked: Answer(200, records) if asked.path.endswith(path) else answer(asked)
        alone = pulled("woocommerce", client(shop), lake)
        assert lake.inputs("woocommerce") == {}
        shop.order(1, NOON)
        shop.product(1, NOON)
        records += shop.records[path]
        beside = pulled("woocommerce", client(shop), lake)
    assert (alone.refused, beside.refused.get(path, 0)) == ({path: 1}, 0)  # it was refused before, and is no news
    assert set(current(lake, path)) == {"1"}


@pytest.mark.parametrize("answer", ["records", 7, {"code": "odd"}])
@pytest.mark.parametrize("path", ["orders", "products"])
def test_an_answer_without_a_list_is_refused(path: str, answer: Any, lake: Lake) -> None:
    with FakeWooCommerce() as shop:
        given = shop.answer
        shop.answer = lambda asked: Answer(200, answer) if asked.path.endswith(path) else given(asked)
        with pytest.raises(SourceRefused, match=f"woocommerce answers in a shape that is not known: {path}"):
            pulled("woocommerce", client(shop), lake)


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ({"billing": "nobody"}, "billing 'nobody' is not an object"),
        ({"billing": [1]}, "billing '[1]' is not an object"),
        ({"billing": {"email": ["a@example.com"]}}, "billing.email \"['a@example.com']\" is not a text"),
        ({"date_modified_gmt": "soon"}, "date_modified_gmt 'soon' is not a time"),
        ({"date_created_gmt": {"at": 1}}, "date_created_gmt \"{'at': 1}\" is not a time"),
        ({"currency": ["EUR"]}, "currency \"['EUR']\" is not a text"),
        ({"status": {"is": "completed"}}, "status \"{'is': 'completed'}\" is not a text"),
    ],
)
def test_a_part_that_an_order_cannot_do_without_refuses_it_alone(lake: Lake, part: Any, reason: str) -> None:
    with FakeWooCommerce() as shop:
        shop.order(1, NOON)
        shop.order(2, LATER, **part)
        shop.order(3, LATER, billing=None, status="wrapped")
        if "date_modified_gmt" in part:
            orders, answer = shop.records["orders"], shop.answer
            shop.answer = lambda asked: Answer(200, orders) if asked.path.endswith("orders") else answer(asked)
        summary = pulled("woocommerce", client(shop), lake)
    assert (summary.refused, summary.refusals) == ({"orders": 1}, [f"orders: {reason}"])
    assert set(current(lake, "orders")) == {"1", "3"}


@pytest.mark.parametrize("odd", [*ODD, {**LINE, "quantity": "two"}, {**LINE, "subtotal": [1]}, {**LINE, "sku": {}}])
def test_a_line_of_another_shape_is_refused_alone(lake: Lake, odd: Any) -> None:
    """One that has an id is a line of its order all the same: the versions of it that came before go on to count."""
    with FakeWooCommerce() as shop:
        shop.order(1, NOON, line_items=[odd, {**LINE, "id": 12}])
        summary = pulled("woocommerce", client(shop), lake)
    assert (summary.refused, set(current(lake, "order_lines"))) == ({"order_lines": 1}, {"12"})
    expected = ["11", "12"] if isinstance(odd, dict) and odd.get("id") == 11 else ["12"]
    assert current(lake, "orders")["1"]["order_line_ids"] == expected


@pytest.mark.parametrize("odd", [None, "a refund", {"line_items": "many"}, {"line_items": [{"total": "nine"}]}])
def test_a_refund_of_another_shape_refuses_its_order_alone(lake: Lake, odd: Any) -> None:
    with FakeWooCommerce() as shop:
        shop.order(1, NOON)
        shop.order(2, NOON, refunds=[{"id": 9}])
        shop.refunds[2] = [odd]
        summary = pulled("woocommerce", client(shop), lake)
    assert (summary.refused, set(current(lake, "orders"))) == ({"orders": 1}, {"1"})
    assert summary.refusals[0].startswith("orders: refunds.0")


def _payloads(lake: Lake, table: str) -> list[str]:
    return [str(row["_payload"]) for row in current(lake, table).values()]
