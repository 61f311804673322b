"""Shopify's credentials, scopes and points: who is refused reads one sentence, who is slowed down waits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from flows.ground.errors import SourceRefused, SourceUnavailable
from flows.lake import Lake
from flows.sources.api import http
from flows.sources.shopify.settings import ShopifySettings
from tests.sources.fake_shopify import FakeShopify
from tests.sources.pulled import current, pulled
from tests.sources.test_shopify import APP, CREDENTIALS, NOON, client


def test_calls_keep_within_the_points_that_are_restored_and_waits_are_told(lake: Lake) -> None:
    waits: list[float] = []
    with FakeShopify(maximum=1000, rate=100) as shop:
        for number in range(1, 29):
            shop.order(number, NOON + timedelta(minutes=number))
        pulled("shopify", client(shop, waits.append), lake)
        assert shop.throttled <= 1
    assert len(current(lake, "orders")) == 28
    assert any(1 <= seconds < 3 for seconds in waits)


def test_who_finds_the_bucket_empty_waits_until_it_holds_enough(lake: Lake) -> None:
    with FakeShopify(rate=2000) as shop:
        for number in range(1, 31):
            shop.order(number, NOON + timedelta(minutes=number))
        others = iter([True, True])
        shop.before = lambda asked: next(others, False) and shop.drain()
        pulled("shopify", client(shop), lake)
        assert 1 <= shop.throttled <= 6
    assert len(current(lake, "orders")) == 30


def test_pages_are_made_smaller_where_they_cost_too_much(lake: Lake) -> None:
    with FakeShopify() as shop:
        shop.limit = 400
        for number in range(1, 31):
            shop.order(number, NOON + timedelta(minutes=number))
            shop.refund(number, number * 10 + 1, "1.0")
        pulled("shopify", client(shop), lake)
        assert len(current(lake, "orders")) == 30
        shop.limit = 10
        with pytest.raises(SourceRefused, match="a single record too expensive"):
            pulled("shopify", client(shop), lake)


def test_a_token_that_runs_out_is_asked_for_again(lake: Lake) -> None:
    with FakeShopify() as shop:
        for number in range(1, 61):
            shop.order(number, NOON + timedelta(minutes=number))
        ends = iter([False, True, False, False, True])
        shop.before = lambda asked: next(ends, False) and shop.expire_tokens()
        pulled("shopify", client(shop, **APP), lake)
        assert shop.paths().count("/admin/oauth/access_token") == 3
    assert len(current(lake, "orders")) == 60


def test_wrong_credentials_are_said_in_one_sentence_without_them() -> None:
    with FakeShopify() as shop:
        wrong = client(shop, credentials={**CREDENTIALS, "SHOPIFY_ACCESS_TOKEN": "shpat_wrong_canary"})
        with pytest.raises(SourceRefused, match=r"answers 401.*Invalid API key.*; see to the access token") as raised:
            wrong.check()
        wrong = client(shop, credentials={**CREDENTIALS, "KEY": "wrong_canary"}, **APP)
        with pytest.raises(SourceRefused, match=r"answers 401.*; see to client ID and secret, and whether") as other:
            wrong.check()
        with pytest.raises(SourceRefused, match=r"answers 404.*; see to shop, and to api_version"):
            client(shop, api_version="2019-01").check()
        shop.moved = "https://elsewhere.example"
        with pytest.raises(SourceRefused, match="the shop has another name now"):
            client(shop).check()
    assert "canary" not in str(raised.value) + str(other.value)
    assert not raised.value.is_transient


def test_check_names_the_scope_that_is_missing() -> None:
    with FakeShopify() as shop:
        assert client(shop).check().endswith("answers, orders (in EUR) and products can be read")
        shop.scopes = ["write_orders", "read_products"]
        assert "no orders older than 60 days: the app lacks the scope read_all_orders" in client(shop).check()
        shop.scopes = ["read_products"]
        with pytest.raises(SourceRefused, match="gives this app no scope read_orders; give the app the scope"):
            client(shop).check()


def test_a_missing_scope_stops_the_pull_and_keeps_what_came_before(lake: Lake) -> None:
    with FakeShopify() as shop:
        shop.product(1, NOON)
        shop.scopes = ["read_products"]
        with pytest.raises(SourceRefused, match=r"ACCESS_DENIED: Access denied for orders.*; give the app the scopes"):
            pulled("shopify", client(shop), lake)
    assert current(lake, "products").keys() == {"1"}


def test_an_error_of_the_servers_own_passes_by_or_can_be_tried_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "ATTEMPTS", 2)
    with FakeShopify() as shop:
        shop.order(1, NOON)
        shop.internal = 1
        pulled("shopify", client(shop), lake)
        shop.internal = 99
        with pytest.raises(SourceUnavailable, match="INTERNAL_SERVER_ERROR") as raised:
            client(shop).check()
    assert raised.value.is_transient
    assert current(lake, "orders").keys() == {"1"}
    monkeypatch.setattr(http, "ATTEMPTS", 1)
    with pytest.raises(SourceUnavailable, match="does not answer"):
        client(shop).check()


def test_settings_name_a_shop_and_credentials_in_pairs() -> None:
    assert ShopifySettings(shop="Example.myshopify.com").url == "https://example.myshopify.com"
    assert ShopifySettings(shop="example", base_url="http://proxy/x/").url == "http://proxy/x"
    for wrong in ({}, {"shop": "a/b"}, {"shop": "a", "client_id": "env:X"}, {"shop": "a", "api_version": "latest"}):
        with pytest.raises(ValidationError):
            ShopifySettings(**wrong)
