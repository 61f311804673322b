"""One record that cannot be read stopped its source, and with half of a character in it every run from then on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from flows import jobs
from flows.ground.errors import SourceRefused
from flows.ground.home import Home
from flows.lake import Lake
from flows.settings.requests import PullRequest
from flows.sources.api import http
from flows.sources.gorgias.client import Feed
from flows.sources.klaviyo.endpoints import Group
from flows.sources.klaviyo.properties import METRICS
from flows.sources.shopify import client as shopify
from tests.sources import test_gorgias, test_klaviyo, test_shopify, test_woocommerce, test_zendesk
from tests.sources.fake_api import Answer
from tests.sources.fake_gorgias import FakeGorgias
from tests.sources.fake_klaviyo import FakeKlaviyo
from tests.sources.fake_shopify import FakeShopify
from tests.sources.fake_woocommerce import FakeWooCommerce, line
from tests.sources.fake_zendesk import FakeZendesk
from tests.sources.pulled import current, pulled

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HALF = "half a character \ud83d"


@pytest.fixture(autouse=True)
def _no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Group, "limits", property(lambda group: ((10_000, 1.0),)))


def test_half_a_character_becomes_a_mark_and_counts_2_2(lake: Lake) -> None:
    """Cut by another program in the middle of an emoji; no file can hold it as it is."""
    with FakeWooCommerce() as shop:
        shop.order(1, NOON, customer_note=HALF, billing={"email": HALF})
        assert pulled("woocommerce", test_woocommerce.client(shop), lake).refused == {}
        assert pulled("woocommerce", test_woocommerce.client(shop), lake).loads == []  # and is no news the next time
    order = current(lake, "orders")["1"]
    assert order["email"] == "half a character \ufffd"
    assert "\ufffd" in order["_payload"]


def test_half_a_character_in_a_file_becomes_a_mark_too(home: Home, tmp_path: Path) -> None:
    """DuckDB reads no such line; the message was refused as if its line were not an object, and its words were lost."""
    texts = [HALF, "\udc4d is up", "a whole \U0001f44d", r"written as \ud83d", "plain", "\ud83d\ud83d\udc4d"]
    of = {"account_id": "a", "conversation_id": "c", "sender": "visitor", "sent_at": "2026-06-01"}
    rows = [{**of, "message_id": f"m{at}", "text": text} for at, text in enumerate(texts)]
    lines = [json.dumps(row) for row in rows] + ['{"broken": NaN, "text": "\\ud83d"}', "no object"]
    (tmp_path / "messages.jsonl").write_text("\n".join(lines), "ascii")
    result = jobs.pull(PullRequest(home=str(home.root), path=str(tmp_path)))
    lake = Lake(home.lake)
    assert {one: row["text"] for one, row in current(lake, "messages").items()} == {
        "m0": "half a character \ufffd",
        "m1": "\ufffd is up",
        "m2": "a whole \U0001f44d",
        "m3": r"written as \ud83d",
        "m4": "plain",
        "m5": "\ufffd\U0001f44d",
    }
    assert sum(sum(one.refused.values()) for one in result.pulled) == 2


@pytest.mark.parametrize("bulk", [True, False])
def test_half_a_character_in_a_shop_of_shopify_becomes_a_mark_too(
    lake: Lake, bulk: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB reads no such file of a bulk operation, and the run ended as a defect, and so did every run after it."""
    monkeypatch.setattr(shopify, "POLLS", (0.01, 0.05))
    with FakeShopify() as shop:
        shop.order(1, NOON, email=HALF)
        shop.order(2, NOON)
        assert pulled("shopify", test_shopify.client(shop, bulk=bulk), lake).refused == {}
    orders = current(lake, "orders")
    assert (set(orders), orders["1"]["email"]) == ({"1", "2"}, "half a character \ufffd")


def test_a_bulk_file_that_is_not_json_is_a_refusal_of_shopify_alone(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shopify, "POLLS", (0.01, 0.05))
    with FakeShopify() as shop:
        shop.order(1, NOON)
        client = test_shopify.client(shop, bulk=True)
        files = shop.storage.files
        monkeypatch.setattr(shop.storage, "answer", lambda asked: Answer(200, b"<" + files[asked.path][1:]))
        with pytest.raises(SourceRefused, match="a line that is not JSON"):
            pulled("shopify", client, lake)


@pytest.mark.parametrize(
    ("total", "reason"),
    [
        ("20,00", "order_lines: total '20,00' is not a number"),
        ("NaN", "order_lines: total 'NaN' is not a number"),
        ({}, "order_lines: total '{}' is not a number"),
        (True, "order_lines: total 'True' is not a number"),
    ],
)
def test_an_amount_in_words_refuses_its_line(lake: Lake, total: Any, reason: str) -> None:
    with FakeWooCommerce() as shop:
        sound = line(11, product=1, quantity=1, subtotal="10.00", total="10.00")
        shop.order(1, NOON, line_items=[{**sound, "id": 12, "total": total}, sound, "a line", None])
        shop.order(2, NOON, line_items=[sound])
        summary = pulled("woocommerce", test_woocommerce.client(shop), lake)
    assert summary.refused == {"order_lines": 3}
    assert summary.refusals[0] == reason
    assert summary.refusals[1] == "order_lines: 'a line' is not an object"
    assert set(current(lake, "orders")) == {"1", "2"}
    assert current(lake, "order_lines")["11"]["unit_price"] == 10


def test_an_order_and_a_product_of_another_shape_are_refused_and_the_rest_counts(lake: Lake) -> None:
    with FakeWooCommerce() as shop:
        shop.product(1, NOON)
        shop.product(2, NOON)
        shop.records["products"][0]["id"] = 0
        shop.order(1, NOON, billing="nobody")
        shop.order(2, NOON)
        shop.order(0, NOON, refunds=[{"id": 9}])
        summary = pulled("woocommerce", test_woocommerce.client(shop), lake)
    assert summary.refused == {"orders": 2, "products": 1}
    assert "products: it has no id" in summary.refusals
    assert (set(current(lake, "orders")), set(current(lake, "products"))) == ({"2"}, {"2"})


def test_an_answer_of_another_shape_is_a_refusal_of_that_source_alone(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ended the whole run as a defect, and nothing of any source was published."""
    monkeypatch.setattr(http, "ATTEMPTS", 1)
    with FakeWooCommerce() as shop:
        client = test_woocommerce.client(shop)
        monkeypatch.setattr(client, "_page", lambda path, params: (7, 1))
        with pytest.raises(SourceRefused, match=r"woocommerce answers in a shape that is not known .*; the API has"):
            pulled("woocommerce", client, lake)


def test_a_shopify_line_without_an_amount_is_refused_by_itself(lake: Lake) -> None:
    with FakeShopify() as shop:
        order = shop.order(1, NOON)
        order["lineItems"][0]["originalTotalSet"]["shopMoney"]["amount"] = "ten"
        shop.order(2, NOON)
        summary = pulled("shopify", test_shopify.client(shop), lake)
    assert summary.refused == {"order_lines": 1}
    assert summary.refusals == ["order_lines: originalTotalSet.shopMoney.amount 'ten' is not a number"]
    assert set(current(lake, "orders")) == {"1", "2"}


def test_a_page_of_which_the_last_record_has_no_stamp_is_read(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a page ends was asked of its last record alone, and a shop with such an order was never read again."""
    with FakeWooCommerce() as shop:
        client = test_woocommerce.client(shop)
        orders = [shop.order(1, NOON), {**shop.order(2, NOON), "date_modified_gmt": "soon"}, None]
        monkeypatch.setattr(client, "_page", lambda path, params: (orders if path == "orders" else [], 1))
        assert pulled("woocommerce", client, lake).refused == {"orders": 2}
    assert set(current(lake, "orders")) == {"1"}


def test_what_klaviyo_cannot_mean_is_refused_piece_by_piece(lake: Lake) -> None:
    """Events, lines, messages and profiles without an id or with a price in words, beside sound ones."""
    with FakeKlaviyo() as shop:
        at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
        placed = shop.metric(METRICS["placed_order"][0])
        started = shop.metric(METRICS["started"][0])
        items = [
            {"ProductID": "11", "Quantity": 2, "RowTotal": "$40.00"},
            {"ProductID": "12", "Quantity": "0", "RowTotal": 5},
            {"ProductID": "13", "Quantity": 2, "ItemPrice": 20, "RowTotal": 32},
            {"ProductID": "14", "Quantity": 3, "ItemPrice": "", "RowTotal": 10},
        ]
        order = {"OrderId": "1001", "$currency_code": "EUR"}
        shop.event(placed, at, **{**order, "Items": items})
        shop.event(placed, at, **{**order, "OrderId": "1002", "Items": items[2:3]})["relationships"]["profile"] = "none"
        shop.event(started, at, **{"Conversation ID": "c1", "Channel": "web chat"})
        shop.conversation("c1", at, ["Where?", "There."])
        shop.profile("P1", at, email=HALF)
        shop.profile("P2", at)
        shop.lists["profiles"][0]["attributes"]["email"] = {"at": HALF}
        summary = pulled("klaviyo", test_klaviyo.client(shop), lake)
    assert summary.refused == {"order_lines": 2, "profiles": 1}
    assert set(summary.refusals) >= {
        "order_lines: RowTotal '$40.00' is not a number",
        "order_lines: Quantity is 0, so its price cannot be told",
        "profiles: attributes.email \"{'at': 'half a character \\\\ud83d'}\" is not a text",
    }
    # an order counts without its shopper, and the summary says so
    assert summary.unknown_fields == {"EventRelationships.profile = ?": 1}
    assert {of: row["profile_id"] for of, row in current(lake, "orders").items()} == {"1001": "P1", "1002": None}
    lines = current(lake, "order_lines")
    paid = {row["product_id"]: row["quantity"] * row["unit_price"] - row["discount"] for row in lines.values()}
    assert paid["13"] == Decimal(32)  # what the line cost in all, less than its two pieces
    assert (set(paid), set(current(lake, "conversations"))) == ({"13", "14"}, {"c1"})
    assert set(current(lake, "profiles")) == {"P2"}


def test_an_instant_in_words_and_half_of_a_character_in_the_name_of_a_product_stop_no_pull(lake: Lake) -> None:
    """Parts were sorted by what they called their time, and products were looked up by what no file can hold."""
    with FakeKlaviyo() as shop:
        at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
        placed, viewed = shop.metric(METRICS["placed_order"][0]), shop.metric("Viewed Product")
        item = {"ProductID": "11", "Quantity": 1, "ItemPrice": 20}
        shop.event(placed, at, **{"OrderId": "1", "$currency_code": "EUR", "Items": [item]})
        shop.conversation("c1", at, ["Where?", "There."])
        shop.messages["c1"][0]["attributes"]["updated_at"] = "yesterday"
        shop.event(viewed, at, ProductID="11")
        shop.event(viewed, at, ProductID=HALF)
        first = pulled("klaviyo", test_klaviyo.client(shop, product_events=True), lake)
        assert (first.refused, first.loads) == ({"messages": 1}, [1])
        pulled("klaviyo", test_klaviyo.client(shop, product_events=True), lake)  # looks products up among the lines
    assert {row["product_id"] for row in current(lake, "product_events").values()} == {"11", HALF[:-1] + "\ufffd"}
    assert set(current(lake, "messages")) == {"c1/1"}


@pytest.mark.parametrize("bulk", [True, False])
@pytest.mark.parametrize(
    "odd",
    [
        {"updatedAt": "soon"},
        {"lineItems": None},
        {"lineItems": {"count": 2}},
        {"refunds": [None]},
        {"refunds": "many"},
        {"customerJourneySummary": "long", "refunds": 7},
    ],
)
def test_an_order_of_shopify_in_another_shape_stops_no_other(
    lake: Lake, bulk: bool, odd: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines, refunds or stamps that were not as described stopped the shop, in each pull."""
    monkeypatch.setattr(shopify, "POLLS", (0.01, 0.05))
    with FakeShopify() as shop:
        shop.order(1, NOON)
        shop.order(3, NOON + timedelta(hours=2))
        shop.order(2, NOON + timedelta(hours=1))
        client = test_shopify.client(shop, bulk=bulk, conversation_parameter="chat")
        shown = shop._object

        def answer(asked: Any, kind: str, record: Any) -> Any:
            answered = shown(asked, kind, record)
            is_odd = kind == "Order" and str(answered.get("id")).endswith("/2") and "name" in answered
            return answered | odd if is_odd else answered

        monkeypatch.setattr(shop, "_object", answer)
        monkeypatch.setattr(shop.bulk, "_shown", answer)
        summary = pulled("shopify", client, lake)
    expected = {"1", "3"} | ({"2"} if bulk and "lineItems" in odd else set())  # whose lines stand by themselves there
    assert set(current(lake, "orders")) == expected
    assert summary.refused.get("orders", 0) == 3 - len(expected)


@pytest.mark.parametrize("refunds", [{"code": "odd"}, "none", [7]])
def test_refunds_of_woocommerce_in_another_shape_refuse_their_order_alone(lake: Lake, refunds: Any) -> None:
    with FakeWooCommerce() as shop:
        shop.order(1, NOON)
        shop.order(2, NOON, refunds=[{"id": 9}])
        shop.refunds[2] = refunds
        summary = pulled("woocommerce", test_woocommerce.client(shop), lake)
    assert (summary.refused, set(current(lake, "orders"))) == ({"orders": 1}, {"1"})


def test_records_of_helpdesks_in_another_shape_are_refused_alone(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeGorgias() as desk:
        gorgias = test_gorgias.client(desk)
        desk.ticket(1, NOON)
        desk.ticket(2, NOON, satisfaction_survey={"score": "5"}, customer=["nobody"])
        page = gorgias._page

        def with_odd_ones(feed: Feed, *more: Any, **given: Any) -> tuple[Sequence[Any], str]:
            found, following = page(feed, *more, **given)
            return [*found, "a ticket", None] if feed.name == "tickets" else found, following

        monkeypatch.setattr(gorgias, "_page", with_odd_ones)
        summary = pulled("gorgias", gorgias, lake)
    assert summary.refused == {"tickets": 2}
    assert summary.unknown_fields == {"Ticket.customer = ?": 1}
    assert {number: row["satisfaction"] for (_, number), row in current(lake, "tickets").items()} == {
        "1": None,
        "2": "good",
    }
    other = Lake(tmp_path / "other")
    with FakeZendesk() as desk_of_zendesk:
        desk_of_zendesk.ticket(1, NOON, reply=7, via="carrier pigeon", satisfaction_rating=None)
        desk_of_zendesk.ticket(2, NOON, satisfaction_rating="good")
        desk_of_zendesk.tickets[1]["metric_set"] = [desk_of_zendesk.metrics.pop(1)]
        desk_of_zendesk.users[5001] = {}
        summary = pulled("zendesk", test_zendesk.client(desk_of_zendesk), other)
    assert summary.refused == {}  # a ticket counts without its satisfaction, and the summary says so
    assert summary.unknown_fields == {"Ticket.satisfaction_rating = ?": 1, "Ticket.via = ?": 1}
    tickets = {number: row for (_, number), row in current(other, "tickets").items()}
    assert tickets["1"]["first_human_reply_at"] is not None
    assert tickets["2"]["satisfaction"] is None


@pytest.mark.parametrize(
    ("body", "said"), [(b"null", "zendesk answers null"), (b"<html>", "zendesk answers something that is not JSON")]
)
def test_an_answer_that_is_null_is_not_called_something_else_than_json(lake: Lake, body: bytes, said: str) -> None:
    """Whoever read "not JSON" looked for a proxy or a wrong address."""
    with FakeZendesk() as desk:
        answered = desk.answer
        desk.answer = lambda asked: answered(asked) if asked.path == "/oauth/tokens" else Answer(200, body)
        with pytest.raises(SourceRefused, match=said) as refused:
            pulled("zendesk", test_zendesk.client(desk), lake)
    assert ("base_url" in (refused.value.remedy or "")) == (body == b"<html>")
