"""WooCommerce over real HTTP: right to the cent, although pages drift, calls fail and pulls are cut off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from flows.ground.errors import SourceRefused, SourceUnavailable
from flows.lake import Lake
from flows.sources.api import http
from flows.sources.woocommerce.client import Client
from flows.sources.woocommerce.settings import WooCommerceSettings
from tests.sources.fake_api import Asked
from tests.sources.fake_woocommerce import KEY, SECRET, FakeWooCommerce, line
from tests.sources.pulled import ACCOUNT, count, current, environment, pulled

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
CREDENTIALS = environment(WOOCOMMERCE_CONSUMER_KEY=KEY, WOOCOMMERCE_CONSUMER_SECRET=SECRET)


def client(shop: FakeWooCommerce, **credentials: str) -> Client:
    return Client(ACCOUNT, WooCommerceSettings(base_url=shop.url), {**CREDENTIALS, **credentials}, lambda _: None)


def test_orders_lines_and_products_stand_as_the_shop_has_them(lake: Lake) -> None:
    with FakeWooCommerce() as shop:
        shop.product(1, NOON)
        shop.order(1, NOON)
        shop.order(2, NOON, status="cancelled")
        shop.order(3, NOON, status="pending")
        shop.refund(1, 11, "3.33", NOON + timedelta(hours=1))
        summary = pulled("woocommerce", client(shop), lake)
    assert (summary.rows, summary.refused) == ({"orders": 2, "order_lines": 4, "products": 1, "source_counts": 1}, {})
    orders, lines = current(lake, "orders"), current(lake, "order_lines")
    assert orders["1"]["placed_at"] == datetime(2026, 5, 1, 10, 1, tzinfo=UTC)
    assert (orders["1"]["currency"], orders["1"]["email"]) == ("EUR", "shopper1@example.com")
    assert (orders["1"]["profile_id"], orders["1"]["cancelled_at"]) == (None, None)
    assert orders["2"]["cancelled_at"] == NOON
    third = lines["11"]  # 10.00 in three does not divide: revenue is the line's total all the same
    assert third["quantity"] * third["unit_price"] - third["discount"] == Decimal("10.00")
    assert (third["product_id"], third["refunded_amount"]) == ("1", Decimal("3.33"))
    reduced = lines["12"]
    assert (reduced["unit_price"], reduced["discount"], reduced["sku"]) == (Decimal(20), Decimal("4.5"), "B-2")
    assert current(lake, "products")["1"]["title"] == "Product 1"
    assert "private" not in orders["1"]["_payload"]
    assert '"customer_id": 7' in orders["1"]["_payload"].replace('":7', '": 7')


def test_the_second_pull_asks_for_what_changed_and_writes_nothing_twice(lake: Lake) -> None:
    with FakeWooCommerce() as shop:
        for number in range(1, 251):
            shop.order(number, NOON + timedelta(minutes=number))
        pulled("woocommerce", client(shop), lake)
        shop.asked.clear()
        again = pulled("woocommerce", client(shop), lake)
        assert (again.loads, again.rows) == ([], {})
        assert [one.params.get("modified_after") for one in shop.asked][-1] == "2026-06-01T16:09:59"
        assert len(shop.asked) == 3
        shop.order(7, NOON + timedelta(days=1), status="cancelled")
        changed = pulled("woocommerce", client(shop), lake)
        shop.refund(8, 81, "1.00", NOON + timedelta(days=2))
        refunded = pulled("woocommerce", client(shop), lake)
    assert changed.rows == {"orders": 1, "order_lines": 0, "source_counts": 1}
    assert refunded.rows == {"orders": 1, "order_lines": 1, "source_counts": 1}
    assert current(lake, "order_lines")["81"]["refunded_amount"] == Decimal("1.00")
    assert current(lake, "orders")["7"]["cancelled_at"] == NOON + timedelta(days=1)
    assert len(current(lake, "orders")) == 250


def test_nothing_is_lost_while_pages_drift_calls_fail_and_many_share_a_second(lake: Lake) -> None:
    with FakeWooCommerce(faults=0.2, seed=3) as shop:
        for number in range(1, 301):
            shop.order(number, NOON)  # an import: all in one second
        for number in range(301, 501):
            shop.order(number, NOON + timedelta(seconds=number))
        moved = iter(range(310, 330))

        def change(asked: Asked) -> None:
            if asked.path.endswith("orders") and (number := next(moved, None)):
                shop.order(number, NOON + timedelta(days=1, seconds=number), status="cancelled")

        shop.before = change
        pulled("woocommerce", client(shop), lake)
        shop.before = lambda asked: None
        pulled("woocommerce", client(shop), lake)
    orders = current(lake, "orders")
    assert len(orders) == 500
    assert {int(number) for number, order in orders.items() if order["cancelled_at"]} == set(range(310, 330)) - set(
        moved
    )


def test_a_pull_that_was_cut_off_goes_on_and_a_lost_folder_loses_no_place(lake: Lake, tmp_path: Path) -> None:
    with FakeWooCommerce() as shop:
        for number in range(1, 501):
            shop.order(number, NOON + timedelta(seconds=number))
        first = pulled("woocommerce", client(shop), lake, minutes=0)
        assert first.rows["orders"] == 100
        rest = Lake(tmp_path / "lake")
        while sum(pulled("woocommerce", client(shop), rest, minutes=0).rows.values()):
            pass
    assert len(current(lake, "orders")) == 500
    assert count(lake, "orders") < 510


def test_what_came_before_a_failure_is_kept(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ATTEMPTS", 1)
    with FakeWooCommerce() as shop:
        for number in range(1, 251):
            shop.order(number, NOON + timedelta(seconds=number))

        def fail(asked: Asked) -> None:
            if asked.params.get("modified_after", "") > "2026-06-01T12:01":
                shop.faults = 1.0

        shop.before = fail
        with pytest.raises(SourceUnavailable, match="in spite of"):
            pulled("woocommerce", client(shop), lake)
        assert len(current(lake, "orders")) == 199  # the last page begins with one of them
        shop.before, shop.faults = lambda asked: None, 0.0
        pulled("woocommerce", client(shop), lake)
    assert len(current(lake, "orders")) == 250


def test_what_breaks_the_contract_is_refused_word_for_word(lake: Lake) -> None:
    with FakeWooCommerce() as shop:
        shop.order(1, NOON, line_items=[line(1, product=1, quantity=0, subtotal="0.00", total="0.00")])
        shop.order(2, NOON, currency=None, billing=None, line_items=None)
        summary = pulled("woocommerce", client(shop), lake)
    assert summary.refused == {"orders": 1, "order_lines": 1}
    assert any("quantity is less than 0.0001" in one for one in summary.refusals)


def test_a_wrong_key_is_said_in_one_sentence_without_it(lake: Lake) -> None:
    with FakeWooCommerce() as shop:
        wrong = client(shop, WOOCOMMERCE_CONSUMER_SECRET="cs_wrong_canary")
        with pytest.raises(SourceRefused, match=r"woocommerce answers 401.*see to consumer key and secret") as raised:
            wrong.check()
    assert "canary" not in str(raised.value)
    assert not raised.value.is_transient
    assert client(shop, WOOCOMMERCE_CONSUMER_KEY=KEY)


def test_no_network_can_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ATTEMPTS", 1)
    shop = FakeWooCommerce()
    with shop:
        pass
    with pytest.raises(SourceUnavailable, match="does not answer") as raised:
        client(shop).check()
    assert raised.value.is_transient


def test_check_says_what_works() -> None:
    with FakeWooCommerce() as shop:
        assert "orders and products can be read" in client(shop).check()


def test_an_order_that_is_deleted_while_its_page_is_read_keeps_nobody_up(lake: Lake) -> None:
    with FakeWooCommerce() as shop:
        for number in (1, 2):
            shop.order(number, NOON)
            shop.refund(number, number * 10 + 1, "3.33", NOON)
        shop.deleted = {1}
        pulled("woocommerce", client(shop), lake)
    lines = current(lake, "order_lines")
    assert (lines["11"]["refunded_amount"], lines["21"]["refunded_amount"]) == (Decimal(0), Decimal("3.33"))


def test_a_page_from_which_the_shop_leaves_records_out_is_not_the_end(lake: Lake) -> None:
    """Plugins filter pages: one of 99 was taken for the last one, and 150 orders of that second never came."""
    with FakeWooCommerce() as shop:
        for number in range(1, 251):
            shop.order(number, NOON)
        shop.left_out.add(50)
        pulled("woocommerce", client(shop), lake)
    assert len(current(lake, "orders")) == 249


def test_an_order_that_was_given_back_whole_earns_nothing_although_its_refund_names_no_lines(lake: Lake) -> None:
    with FakeWooCommerce() as shop:
        shop.order(1, NOON, status="refunded", refunds=[{"id": 9}])
        shop.refunds[1] = [{"id": 9, "amount": "25.50", "line_items": []}]
        pulled("woocommerce", client(shop), lake)
    given_back = {line["order_line_id"]: line["refunded_amount"] for line in current(lake, "order_lines").values()}
    assert given_back == {"11": Decimal(10), "12": Decimal("15.5")}


def test_a_line_that_left_its_order_is_named_no_more(lake: Lake) -> None:
    """It counted for ever: what a shop takes out of an order is only left out of its next version."""
    with FakeWooCommerce() as shop:
        shop.order(1, NOON)
        shop.order(2, NOON)
        shop.order(3, NOON, line_items=None)
        pulled("woocommerce", client(shop), lake)
        first = {number: row["order_line_ids"] for number, row in current(lake, "orders").items()}
        shop.order(1, NOON + timedelta(hours=1), line_items=shop.records["orders"][0]["line_items"][:1])
        shop.order(2, NOON + timedelta(hours=1), line_items=[], fee_lines=[{"id": 99, "total": "5.00"}])
        pulled("woocommerce", client(shop), lake)
    second = {number: row["order_line_ids"] for number, row in current(lake, "orders").items()}
    assert first == {"1": ["11", "12"], "2": ["21", "22"], "3": None}
    assert second == {"1": ["11"], "2": ["no-line-of:2"], "3": None}
    assert set(current(lake, "order_lines")) == {"11", "12", "21", "22"}


@pytest.mark.parametrize("status", ["pending", "checkout-draft", "failed"])
def test_an_order_that_is_not_sold_any_more_leaves_and_can_come_back(lake: Lake, status: str) -> None:
    """An order that waits again for its payment counted for ever, because carts were left out."""
    with FakeWooCommerce() as shop:
        shop.order(1, NOON)
        shop.order(2, NOON, status="pending")
        pulled("woocommerce", client(shop), lake)
        shop.order(1, NOON + timedelta(hours=1), status=status)
        shop.order(2, NOON + timedelta(hours=1), status="checkout-draft")
        gone = pulled("woocommerce", client(shop), lake)
        left = current(lake, "orders")
        again = pulled("woocommerce", client(shop), lake)
        shop.order(1, NOON + timedelta(hours=2), status="processing")
        pulled("woocommerce", client(shop), lake)
    assert (left["1"]["order_line_ids"], left["1"]["cancelled_at"]) == (["no-line-of:1"], NOON + timedelta(hours=1))
    assert (gone.rows, again.rows) == ({"orders": 1, "source_counts": 1}, {})
    assert set(left) == {"1"}  # a cart that was never an order is none now
    back = current(lake, "orders")["1"]
    assert (back["order_line_ids"], back["cancelled_at"]) == (["11", "12"], None)


def test_an_order_that_waits_again_in_the_very_pull_that_read_it_leaves(lake: Lake) -> None:
    with FakeWooCommerce() as shop:
        for number in range(1, 151):
            shop.order(number, NOON + timedelta(seconds=number))

        def wait(asked: Asked) -> None:
            if asked.params.get("modified_after", "") > "2026-06-01T12:01":
                shop.order(1, NOON + timedelta(days=1), status="pending")
                shop.order(200, NOON + timedelta(days=1), status="pending")

        shop.before = wait
        pulled("woocommerce", client(shop), lake)
    assert current(lake, "orders")["1"]["order_line_ids"] == ["no-line-of:1"]
    assert "200" not in current(lake, "orders")


def test_orders_that_wait_for_payment_count_where_the_settings_say_so(lake: Lake) -> None:
    with FakeWooCommerce() as shop:
        shop.order(1, NOON, status="pending")
        settings = WooCommerceSettings(base_url=shop.url, pending_counts=True)
        pulled("woocommerce", Client(ACCOUNT, settings, CREDENTIALS, lambda _: None), lake)
    (order,) = current(lake, "orders").values()
    assert (order["cancelled_at"], order["order_line_ids"], order["phone"]) == (None, ["11", "12"], "+49 151 0000001")


def test_a_site_that_takes_no_order_is_read_from_end_to_end(lake: Lake) -> None:
    """`orderby=modified` is refused by sites of long ago, and nothing of such a shop was ever read."""
    with FakeWooCommerce() as shop:
        shop.ordered_by.remove("modified")
        for number in range(1, 251):
            shop.order(number, NOON + timedelta(seconds=number * 7919 % 1009))
        pulled("woocommerce", client(shop), lake)
        again = pulled("woocommerce", client(shop), lake)
        shop.order(7, NOON + timedelta(days=1), status="cancelled")
        pulled("woocommerce", client(shop), lake)
    assert (len(current(lake, "orders")), again.loads) == (250, [])
    assert current(lake, "orders")["7"]["cancelled_at"] == NOON + timedelta(days=1)


@pytest.mark.parametrize(
    ("quantity", "total"), [(1.5, "30.00"), (0.25, "9.99"), ("2.3333333", "10.00"), (0.333, "0.01"), (1000.0001, "7")]
)
def test_parts_of_a_piece_cost_what_the_line_says(lake: Lake, quantity: object, total: str) -> None:
    """Such a line was refused, and with enough of them nothing of the shop was published."""
    with FakeWooCommerce() as shop:
        sold = line(11, product=0, quantity=1, subtotal=total, total=total, sku="S")
        shop.order(1, NOON, line_items=[{**sold, "quantity": quantity}])
        assert pulled("woocommerce", client(shop), lake).refused == {}
    row = current(lake, "order_lines")["11"]
    revenue = row["quantity"] * row["unit_price"] - row["discount"]
    assert abs(revenue - Decimal(total)) <= Decimal("0.00005")  # which rounds to the total at the fourth place
    assert (row["quantity"], row["product_id"]) == (round(Decimal(str(quantity)), 4), None)


def asking(shop: FakeWooCommerce, **settings: Any) -> Client:
    return Client(ACCOUNT, WooCommerceSettings(base_url=shop.url, **settings), CREDENTIALS, lambda _: None)


def counts(lake: Lake) -> list[int]:
    return [row["value"] for row in current(lake, "source_counts").values()]


@pytest.mark.parametrize(("settings", "value"), [({}, 3), ({"pending_counts": True}, 4), ({"start": "2026-06-02"}, 2)])
def test_the_shop_s_own_count_is_of_the_orders_that_are_brought(lake: Lake, settings: Any, value: int) -> None:
    """Nobody knew that a plugin left orders out of the pages: no pull ever brings them."""
    with FakeWooCommerce() as shop:
        statuses = ("completed", "failed", "cancelled", "pending", "checkout-draft")
        for number, status in enumerate(statuses, 1):
            shop.order(number, NOON + timedelta(days=number - 1), status=status)
        shop.left_out = {2}
        pulled("woocommerce", asking(shop, **settings), lake)
        assert counts(lake) == [value]
        assert len(current(lake, "orders")) == value - 1
        assert pulled("woocommerce", asking(shop, **settings), lake).loads == []  # the same count is no news
        shop.order(9, NOON + timedelta(days=9))
        pulled("woocommerce", asking(shop, **settings), lake)
    assert counts(lake) == [value + 1]
    (row,) = current(lake, "source_counts").values()
    assert (row["thing"], row["source"], row["counted_at"]) == ("orders", "woocommerce", NOON + timedelta(days=9))


def test_a_shop_that_lacks_a_status_is_not_counted_and_is_read(lake: Lake) -> None:
    with FakeWooCommerce() as shop:
        shop.statuses.remove("refunded")
        shop.order(1, NOON)
        pulled("woocommerce", client(shop), lake)
    assert counts(lake) == []
    assert len(current(lake, "orders")) == 1
