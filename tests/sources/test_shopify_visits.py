"""Shopify's visits and cart lines: a link of the agent's was never a click, so nothing said that it had sold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from flows.lake import Lake
from flows.sources.shopify import client as shopify
from flows.sources.shopify.settings import ShopifySettings
from tests.sources.fake_shopify import FakeShopify
from tests.sources.fake_shopify_schema import journey, line, visit
from tests.sources.pulled import current, pulled
from tests.sources.test_shopify import client

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SETTINGS: dict[str, Any] = {
    "conversation_parameter": "Chat",
    "agent_parameters": {"utm_source": "assistant"},
    "cart_attribute": "_chat",
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shopify, "POLLS", (0.01, 0.05))


@pytest.mark.parametrize("bulk", [True, False])
def test_a_visit_by_a_link_of_the_agents_is_a_click_of_its_conversation(lake: Lake, bulk: bool) -> None:
    with FakeShopify() as shop:
        ours = visit(1, NOON, "https://shop.example/products/a?chat=c1&utm_source=Assistant", source="assistant")
        other = visit(2, NOON, "https://shop.example/?chat=c1&utm_source=letter")
        nobody = visit(3, NOON, None)
        plain = visit(4, NOON + timedelta(hours=1), "https://shop.example/b?chat=c2", source="Assistant", medium="chat")
        shop.order(1, NOON, customerJourneySummary=journey(ours, other, {"_kind": "Other", "occurredAt": None}, nobody))
        shop.order(2, NOON, customerJourneySummary=journey(ours, plain, counted=False))
        shop.order(3, NOON, customerJourneySummary=journey())
        shop.order(4, NOON, customerJourneySummary=journey(visit(5, NOON, plain["landingPage"])), test=True)
        summary = pulled("shopify", client(shop, bulk=bulk, **SETTINGS), lake)
        again = pulled("shopify", client(shop, bulk=bulk, **SETTINGS), lake)
    found = current(lake, "interactions")
    assert (summary.refused, again.loads) == ({}, [])
    assert {name: (row["conversation_id"], row["occurred_at"], row["type"]) for name, row in found.items()} == {
        "shopify-visit-1": ("c1", NOON, "link_click"),
        "shopify-visit-4": ("c2", NOON + timedelta(hours=1), "link_click"),
    }
    assert found["shopify-visit-4"]["url"] == "https://shop.example/b?chat=c2"
    assert found["shopify-visit-1"]["profile_id"] is None  # the shopper is the conversation's


@pytest.mark.parametrize("bulk", [True, False])
def test_a_click_on_a_products_page_is_of_that_product_also_once_it_is_renamed(lake: Lake, bulk: bool) -> None:
    """A link click without a product is no touch of a text message, so it could sell nothing (5.1)."""
    with FakeShopify() as shop:
        shop.product(7, NOON)
        address = "https://shop.example/de/products/product-7/?chat=c1"
        shop.order(1, NOON, customerJourneySummary=journey(visit(1, NOON, address), visit(2, NOON, f"{address}8")))
        shop.order(2, NOON, customerJourneySummary=journey(visit(3, NOON, address.replace("-7", "-9"))))
        settings: dict[str, Any] = {"conversation_parameter": "chat", "bulk": bulk}
        pulled("shopify", client(shop, **settings), lake)
        assert sum("productByIdentifier" in query for query in shop.queries) == 2  # each handle once
        shop.product(7, NOON + timedelta(days=2), handle="another")
        shop.order(1, NOON + timedelta(days=2))
        again = pulled("shopify", client(shop, **settings), lake)
    assert "interactions" not in {table for table, rows in again.rows.items() if rows}
    found = {name: row["product_id"] for name, row in current(lake, "interactions").items()}
    assert found == {"shopify-visit-1": "7", "shopify-visit-2": "7", "shopify-visit-3": None}


def test_utm_content_can_name_the_conversation_and_long_journeys_are_read_whole(lake: Lake) -> None:
    with FakeShopify() as shop:
        visits = [
            visit(number, NOON, "https://shop.example/", source="assistant", content=f"c{number}")
            for number in range(80)
        ]
        shop.order(1, NOON, customerJourneySummary=journey(*visits))
        pulled("shopify", client(shop, conversation_parameter="utm_content"), lake)
    assert {row["conversation_id"] for row in current(lake, "interactions").values()} == {f"c{n}" for n in range(80)}


@pytest.mark.parametrize("bulk", [True, False])
def test_a_cart_line_that_names_a_conversation_is_a_click_on_its_product(lake: Lake, bulk: bool) -> None:
    words = {"_chat": " c1 ", "Engraving": "for Ann"}
    with FakeShopify() as shop:
        of_chat = line(11, product=1, quantity=1, total="5.0", attributes=words)
        without = line(12, product=2, quantity=1, total="5.0", attributes={"Engraving": "for Ann"})
        shop.order(1, NOON, lineItems=[of_chat, without])
        pulled("shopify", client(shop, bulk=bulk, **SETTINGS), lake)
        of_chat["product"] = None  # deleted; the click stays on what it was
        shop.order(1, NOON + timedelta(days=2), lineItems=[of_chat, without])
        pulled("shopify", client(shop, bulk=bulk, **SETTINGS), lake)
    (click,) = current(lake, "interactions").values()
    assert (click["interaction_id"], click["conversation_id"], click["product_id"]) == ("shopify-line-11", "c1", "1")
    assert (click["type"], click["occurred_at"]) == ("product_card_click", current(lake, "orders")["1"]["placed_at"])
    assert "Ann" not in "".join(row["_payload"] for row in current(lake, "order_lines").values())


def test_an_order_whose_visits_are_not_known_yet_is_asked_again(lake: Lake) -> None:
    """Shopify finds the visits minutes after the order, and the order does not change with them."""
    with FakeShopify() as shop:
        found = visit(1, NOON, "https://shop.example/?chat=c1&utm_source=assistant")
        shop.order(1, NOON, customerJourneySummary=journey(ready=False, counted=False))
        shop.order(2, NOON + timedelta(days=1))
        pulled("shopify", client(shop, **SETTINGS), lake)
        waits = pulled("shopify", client(shop, **SETTINGS), lake)
        shop.records["orders"][1]["customerJourneySummary"] = journey(found)
        pulled("shopify", client(shop, **SETTINGS), lake)
        shop.queries.clear()
        pulled("shopify", client(shop, **SETTINGS), lake)
    assert (set(current(lake, "interactions")), waits.loads) == ({"shopify-visit-1"}, [])
    assert not [query for query in shop.queries if "moments(" in query]


def test_what_is_not_used_is_not_asked_for(lake: Lake) -> None:
    with FakeShopify() as shop:
        shop.order(1, NOON, customerJourneySummary=journey(visit(1, NOON, "https://shop.example/?chat=c1")))
        pulled("shopify", client(shop), lake)
        client(shop).check()
        assert not [query for query in shop.queries if "customAttributes" in query or "Journey" in query]
        client(shop, **SETTINGS).check()
        assert "customerJourneySummary" in shop.queries[-1]
    assert current(lake, "interactions") == {}


def test_a_visit_of_another_shape_is_refused_by_itself(lake: Lake) -> None:
    with FakeShopify() as shop:
        bad = {**visit(1, NOON, None), "landingPage": {"url": 7}}
        good = visit(2, NOON, "https://shop.example/?chat=c2&utm_source=assistant")
        shop.order(1, NOON, customerJourneySummary=journey(bad, good))
        summary = pulled("shopify", client(shop, **SETTINGS), lake)
    assert summary.refused == {"interactions": 1}
    assert set(current(lake, "interactions")) == {"shopify-visit-2"}
    assert set(current(lake, "orders")) == {"1"}


def test_parameters_of_the_agent_alone_name_no_conversation() -> None:
    with pytest.raises(ValidationError, match="without conversation_parameter"):
        ShopifySettings(shop="example", agent_parameters={"utm_source": "assistant"})
