"""Klaviyo over real HTTP: parts of a conversation that come from different endpoints, late, and page by page."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from flows.ground.errors import SourceRefused, SourceUnavailable
from flows.lake import Lake
from flows.sources.api import Known, Unknown, http
from flows.sources.klaviyo.client import Client
from flows.sources.klaviyo.endpoints import Group
from flows.sources.klaviyo.properties import METRICS, product_id, texts_of
from flows.sources.klaviyo.records import Event
from flows.sources.klaviyo.settings import KlaviyoSettings
from flows.sources.woocommerce.client import Client as WooCommerce
from flows.sources.woocommerce.settings import WooCommerceSettings
from tests.sources.fake_api import Asked
from tests.sources.fake_klaviyo import KEY, FakeKlaviyo
from tests.sources.fake_woocommerce import FakeWooCommerce
from tests.sources.pulled import ACCOUNT, count, current, environment, pulled

NOW = datetime.now(UTC).replace(microsecond=0)
NAMES = {kind: names[1 if len(names) > 1 else 0] for kind, names in METRICS.items()}


@pytest.fixture(autouse=True)
def _no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits are tried by themselves; sixty calls a minute would make tests of minutes."""
    monkeypatch.setattr(Group, "limits", property(lambda group: ((10_000, 1.0),)))


@pytest.fixture
def shop() -> Iterator[FakeKlaviyo]:
    with FakeKlaviyo() as shop:
        yield shop


def client(shop: FakeKlaviyo, **settings: object) -> Client:
    given = KlaviyoSettings(base_url=shop.url, **{"orders": True, "start": "2026-01-01", **settings})
    return Client(ACCOUNT, given, environment(KLAVIYO_API_KEY=KEY), lambda _: None)


def a_conversation(shop: FakeKlaviyo, at: datetime) -> dict[str, str]:
    """One with everything: three answers, two products, a resolution."""
    metrics = {kind: shop.metric(name) for kind, name in NAMES.items()}
    shop.lists["agent-skills"].append(
        {
            "type": "agent-skill",
            "id": "custom:1",
            "attributes": {"name": "faq", "display_name": "General Q&A", "status": "live"},
        }
    )
    shop.conversation("c1", at, ["Where?", "There.", "Which?", "These.", "Thanks", "Bye"])
    shop.event(metrics["started"], at, **{"Conversation ID": "c1", "Channel": "web chat", "First message": "Where?"})
    shop.event(
        metrics["recommended"],
        at + timedelta(minutes=3),
        **{"Conversation ID": "c1", "Channel": "web chat", "Product IDs": ["p1", "p2"]},
    )
    shop.event(
        metrics["resolved"],
        at + timedelta(minutes=6),
        **{
            "conversation_id": "c1",
            "channel": "web chat",
            "Skill that handled it": "General Q&A",
            "Tags": ["Sizes", "x"],
        },
    )
    shop.profile("P1", at, email="a@example.com", phone_number="+49", first_name="Ann", last_name=None)
    return metrics


def test_a_conversation_is_put_together_from_all_that_tells_of_it(shop: FakeKlaviyo, lake: Lake) -> None:
    at = NOW - timedelta(days=2)
    a_conversation(shop, at)
    shop.lists["agent-knowledge"].append(
        {
            "type": "agent-knowledge",
            "id": "k1",
            "attributes": {"source": {"source_type": "webpage", "url": "https://x/faq"}, "status": "indexed"},
        }
    )
    pulled("klaviyo", client(shop), lake)
    conversation = current(lake, "conversations")["c1"]
    assert (conversation["channel"], conversation["profile_id"], conversation["tag"]) == ("web_chat", "P1", "Sizes")
    assert (conversation["created_at"], conversation["source_status"]) == (at, "resolved-by-ai")
    messages = current(lake, "messages")
    assert [messages[f"c1/{turn}"]["sender"] for turn in range(6)] == ["visitor", "agent"] * 3
    assert messages["c1/3"]["recommended_product_ids"] == ["p1", "p2"]
    assert (messages["c1/5"]["skill"], messages["c1/1"]["skill"]) == ("faq", None)
    assert messages["c1/0"]["text"] == "Where?"
    assert current(lake, "profiles")["P1"]["email"] == "a@example.com"
    assert current(lake, "skills")["faq"]["label"] == "General Q&A"
    assert current(lake, "articles")["k1"]["is_published"]
    assert json.loads(messages["c1/0"]["_payload"])["attributes"]["content"] == "Where?"


def test_a_conversation_whose_channel_has_not_come_waits_and_is_not_refused(shop: FakeKlaviyo, lake: Lake) -> None:
    at = NOW - timedelta(days=2)
    started = shop.metric(NAMES["started"])
    shop.conversation("c1", at, ["Hello?", "Hi"])
    summary = pulled("klaviyo", client(shop), lake)
    assert (current(lake, "conversations"), summary.refused) == ({}, {})
    assert len(current(lake, "messages")) == 2
    shop.event(started, at, **{"Conversation ID": "c1", "Channel": "SMS"})  # late, as events are
    asked = len(shop.asked)
    pulled("klaviyo", client(shop), lake)
    assert current(lake, "conversations")["c1"]["channel"] == "sms"
    assert not any(one.path.endswith("messages") for one in shop.asked[asked:])  # its thread was known


def test_the_second_pull_reads_again_what_can_change_and_writes_what_did(shop: FakeKlaviyo, lake: Lake) -> None:
    at = NOW - timedelta(days=1)
    a_conversation(shop, at)
    started = shop.lists["metrics"][0]["id"]
    for number in range(150):
        shop.conversation(f"d{number:03}", at - timedelta(days=30, minutes=number), ["Q", "A"])
        shop.event(
            started, at - timedelta(days=30, minutes=number), **{"Conversation ID": f"d{number:03}", "Channel": "email"}
        )
    pulled("klaviyo", client(shop), lake)
    assert len(current(lake, "conversations")) == 151
    before = {table: count(lake, table) for table in ("messages", "conversations", "parts")}
    shop.asked.clear()
    again = pulled("klaviyo", client(shop), lake)
    assert again.loads == []
    assert {table: count(lake, table) for table in before} == before
    assert not any(one.path.endswith("messages") for one in shop.asked)
    assert len(shop.asked) < 20
    shop.conversation("c1", at, ["Where?", "There.", "Which?", "These.", "Thanks", "Bye", "One more"], status="open")
    pulled("klaviyo", client(shop), lake)
    assert len([key for key in current(lake, "messages") if key.startswith("c1/")]) == 7
    assert current(lake, "conversations")["c1"]["source_status"] == "open"


def test_events_that_come_late_or_from_the_future_are_not_lost(shop: FakeKlaviyo, lake: Lake) -> None:
    started = shop.metric(NAMES["started"])
    ahead = {"Conversation ID": "ahead", "Channel": "web chat"}
    shop.event(started, NOW + timedelta(hours=18), **ahead)
    pulled("klaviyo", client(shop), lake)
    shop.event(started, NOW - timedelta(days=6), **{"Conversation ID": "late", "Channel": "web chat"})
    shop.event(started, NOW, **{"Conversation ID": "now", "Channel": "web chat"})
    pulled("klaviyo", client(shop), lake)
    assert set(current(lake, "conversations")) == {"ahead", "late", "now"}


@pytest.mark.parametrize("spelling", range(3))
def test_every_spelling_of_the_metrics_is_found_and_one_of_the_accounts_own_can_be_set(
    shop: FakeKlaviyo, lake: Lake, spelling: int
) -> None:
    number = shop.metric(METRICS["started"][spelling].upper())
    own = shop.metric("Chat begun")
    shop.event(number, NOW, **{"Conversation ID": "theirs", "Channel": "web chat"})
    shop.event(own, NOW, **{"Conversation ID": "own", "Channel": "web chat"})
    pulled("klaviyo", client(shop), lake)
    assert set(current(lake, "conversations")) == {"theirs"}
    pulled("klaviyo", client(shop, metrics={"started": ["Chat begun"]}), lake)
    assert set(current(lake, "conversations")) == {"theirs", "own"}


def test_a_first_load_is_newest_first_and_goes_on_where_it_stopped(
    shop: FakeKlaviyo, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = shop.metric(NAMES["started"])
    for number in range(350):
        at = NOW - timedelta(hours=12 * number)
        shop.conversation(f"c{number:03}", at, ["Q", "A"])
        shop.event(started, at, **{"Conversation ID": f"c{number:03}", "Channel": "web chat"})
    monkeypatch.setattr(http, "ATTEMPTS", 1)
    had: list[list[str]] = []
    while not had or len(had[-1]) < 350:
        allowed = len(shop.asked) + 150

        def fail(asked: Asked, allowed: int = allowed) -> None:
            shop.faults = 1.0 if len(shop.asked) >= allowed else 0.0

        shop.before, shop.faults = fail, 0.0
        with contextlib.suppress(SourceUnavailable):
            pulled("klaviyo", client(shop), lake)
        had.append(sorted(current(lake, "conversations")))
        assert len(had) < 10
    partly = next(one for one in had if one)
    assert partly[0] == "c000"
    assert len(partly) < 350
    assert len(current(lake, "messages")) == 700
    threads = [one.path for one in shop.asked if one.path.endswith("messages")]
    assert len(threads) - len(set(threads)) < 250


def test_a_first_load_tells_how_far_it_is(shop: FakeKlaviyo, lake: Lake) -> None:
    for number in range(120):
        shop.conversation(f"c{number:03}", NOW - timedelta(hours=number), ["Q", "A"])
    shares = [batch.share for batch in client(shop).read({}, Known(lake, ACCOUNT)) if batch.share is not None]
    assert shares == sorted(shares)
    assert shares[59] == 0.5
    assert shares[-1] == 1.0


@pytest.mark.parametrize("status", ["closed", "resolved-by-ai"])  # one that tells it apart, and that of all others
def test_a_full_page_without_a_link_is_looked_into(status: str, shop: FakeKlaviyo, lake: Lake) -> None:
    for number in range(100):
        shop.conversation(f"c{number:03}", NOW - timedelta(hours=number), ["Q", "A"])
    shop.links = True
    pulled("klaviyo", client(shop), lake)  # a hundred, and no more: a full page that is the last
    assert len(current(lake, "messages")) == 200
    shop.conversation("c100", NOW - timedelta(hours=101), ["Q", "A"], status=status)
    shop.links = False
    with pytest.raises(SourceRefused, match="full page of api/customer-agent-conversations without a link"):
        pulled("klaviyo", client(shop), Lake(lake.root / "other"))


def test_links_stay_below_the_base_url(shop: FakeKlaviyo, lake: Lake) -> None:
    shop.next_host = "https://a.klaviyo.invalid"  # what the real one answers behind a proxy
    started = shop.metric(NAMES["started"])
    for number in range(450):
        shop.event(started, NOW - timedelta(minutes=number), **{"Conversation ID": f"c{number}", "Channel": "web chat"})
    pulled("klaviyo", client(shop), lake)
    assert len(current(lake, "conversations")) == 450


def test_orders_come_from_events_with_their_items_or_with_events_of_their_own(shop: FakeKlaviyo, lake: Lake) -> None:
    placed, ordered = shop.metric("Placed Order"), shop.metric("Ordered Product")
    items = [{"ProductID": "p1", "SKU": "S1", "Quantity": 2, "ItemPrice": 9.99, "RowTotal": 19.98}]
    shop.event(placed, NOW, OrderId="o1", Items=items, **{"$currency_code": "EUR"})
    shop.event(placed, NOW, OrderId="o2", **{"$currency_code": "EUR"})
    shop.event(ordered, NOW, OrderId="o2", ProductID="p2", Quantity=1, **{"$value": 5})
    shop.lists["events"][-1]["attributes"]["event_properties"]["Value"] = "5.50"
    pulled("klaviyo", client(shop), lake)
    assert set(current(lake, "orders")) == {"o1", "o2"}
    lines = {line["product_id"]: line for line in current(lake, "order_lines").values()}
    assert (lines["p1"]["quantity"], lines["p1"]["unit_price"]) == (2, Decimal("9.99"))
    assert lines["p2"]["order_id"] == "o2"
    assert current(lake, "orders")["o1"]["profile_id"] == "P1"


def test_a_sku_is_the_product_that_was_sold_under_it_also_where_it_is_sold_later(shop: FakeKlaviyo, lake: Lake) -> None:
    def recommended(number: str, *names: str, days: int) -> None:
        shop.conversation(number, NOW - timedelta(days=days), ["Which?", "These."])
        said = {"Conversation ID": number, "Channel": "web chat", "Product IDs / SKUs": ", ".join(names)}
        shop.event(metric, NOW - timedelta(days=days), **said)

    metric = shop.metric(NAMES["recommended"])
    clicks = shop.metric(NAMES["clicked_sms"])
    recommended("c1", "B-2", "9", days=20)  # is not read again
    shop.event(clicks, NOW - timedelta(days=20), **{"Conversation ID": "c1", "SKU": "B-2"})
    pulled("klaviyo", client(shop), lake)
    assert current(lake, "messages")["c1/1"]["recommended_product_ids"] == ["B-2", "9"]
    secrets = environment(WOOCOMMERCE_CONSUMER_KEY="ck_canary", WOOCOMMERCE_CONSUMER_SECRET="cs_canary")
    with FakeWooCommerce() as store:
        store.order(1, NOW)  # the product 2 has the SKU B-2
        pulled(
            "woocommerce", WooCommerce(ACCOUNT, WooCommerceSettings(base_url=store.url), secrets, lambda _: None), lake
        )
    recommended("c2", "B-2", "2", days=1)
    pulled("klaviyo", client(shop), lake)
    assert current(lake, "messages")["c1/1"]["recommended_product_ids"] == ["2", "9"]
    assert current(lake, "messages")["c2/1"]["recommended_product_ids"] == ["2", "2"]
    assert [click["product_id"] for click in current(lake, "interactions").values()] == ["2"]
    assert Known(lake, ACCOUNT).named_by_sku("klaviyo") == []  # said once
    assert pulled("klaviyo", client(shop), lake).rows == {}


def test_null_is_no_text(shop: FakeKlaviyo, lake: Lake) -> None:
    a_conversation(shop, NOW - timedelta(days=2))
    shop.messages["c1"][1]["attributes"]["content"] = None
    shop.lists["profiles"][0]["attributes"] |= {"email": None, "first_name": None}
    shop.event("M0", NOW, None, **{"Conversation ID": "c1", "Channel": None, "Tags": None})
    shop.lists["agent-knowledge"].append({"type": "agent-knowledge", "id": "k1", "attributes": {"source": None}})
    summary = pulled("klaviyo", client(shop), lake)
    assert not summary.refused
    assert current(lake, "messages")["c1/1"]["text"] is None
    assert current(lake, "conversations")["c1"]["channel"] == "web_chat"
    assert current(lake, "articles")["k1"]["title"] == "k1"


def test_it_is_right_in_spite_of_failures_and_limits(lake: Lake) -> None:
    with FakeKlaviyo(faults=0.15, seed=4) as shop:
        shop.repeats = True
        at = NOW - timedelta(days=2)
        a_conversation(shop, at)
        started = shop.lists["metrics"][0]["id"]
        for number in range(300):
            shop.event(started, at - timedelta(minutes=number), **{"Conversation ID": f"d{number}", "Channel": "sms"})

        def meanwhile(asked: Asked) -> None:
            if "page[cursor]" in asked.params and "e1" not in shop.messages:
                shop.conversation("e1", NOW, ["Between", "pages"])
                shop.event(started, at - timedelta(minutes=100), **{"Conversation ID": "e1", "Channel": "sms"})

        shop.before = meanwhile
        pulled("klaviyo", client(shop), lake)
        shop.before = lambda asked: None
        pulled("klaviyo", client(shop), lake)
    assert current(lake, "conversations").keys() == {"c1", "e1", *(f"d{number}" for number in range(300))}
    assert len(current(lake, "messages")) == 6 + 2


def test_a_missing_scope_is_named(shop: FakeKlaviyo) -> None:
    shop.scopes -= {"agents"}
    with pytest.raises(SourceRefused, match=r"403.*agents:read") as raised:
        client(shop).check()
    assert "canary" not in str(raised.value)


def test_check_says_what_works(shop: FakeKlaviyo) -> None:
    shop.metric(NAMES["started"])
    assert "no metric yet for: resolved, escalated, recommended" in client(shop).check()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("$shopify:::$default:::9001", "9001"),
        ("$woocommerce:::$default:::7", "7"),
        ("gid://shopify/Product/9001", "9001"),
        ("gid://shopify/Product/9001?x=1", "9001"),
        ("SKU-9/1", "SKU-9/1"),
        ("9001", "9001"),
    ],
)
def test_a_product_is_the_shops_own_however_its_id_is_written(written: str, meant: str) -> None:
    """One product had as many ids as systems that write it, so what was recommended was never what was bought."""
    assert product_id(written) == meant


def test_products_that_klaviyo_names_by_its_catalogue_are_those_that_the_shop_sells(
    shop: FakeKlaviyo, lake: Lake
) -> None:
    at = NOW - timedelta(hours=1)
    shop.conversation("c1", at, ["Which?", "This."])
    shop.event(shop.metric(NAMES["started"]), at, **{"Conversation ID": "c1", "Channel": "sms"})
    shop.event(
        shop.metric(NAMES["recommended"]), at, **{"Conversation ID": "c1", "Product IDs": "$shopify:::$default:::9001"}
    )
    item = {"ProductID": "gid://shopify/Product/9001", "Quantity": 1, "ItemPrice": 20}
    shop.event(shop.metric(NAMES["placed_order"]), at, **{"OrderId": "1", "$currency_code": "EUR", "Items": [item]})
    pulled("klaviyo", client(shop), lake)
    recommended = [row["recommended_product_ids"] for row in current(lake, "messages").values()]
    assert ["9001"] in recommended
    assert [row["product_id"] for row in current(lake, "order_lines").values()] == ["9001"]


def test_a_metric_that_the_settings_name_is_an_interaction(shop: FakeKlaviyo, lake: Lake) -> None:
    """No source filled interactions: what was sold by web chat was 0, as if it had been measured."""
    at = NOW - timedelta(hours=1)
    clicked, added = shop.metric("Clicked Product Card"), shop.metric("Added to Cart")
    shop.conversation("c1", at, ["Which?", "This."])
    shop.event(shop.metric(NAMES["started"]), at, **{"Conversation ID": "c1", "Channel": "web chat"})
    shop.event(clicked, at, "P7", **{"chat": "c1", "Product ID": "$shopify:::$default:::9001", "URL": "https://s/9001"})
    shop.event(added, at, **{"Conversation ID": "c1", "ProductID": 9001, "Quantity": 2})
    shop.event(added, at, ProductID=9001)  # of no conversation
    assert "may be interactions, which settings can name: Added to Cart, Clicked Product Card" in client(shop).check()
    interactions = [
        {"metric": "clicked product card", "type": "product_card_click", "conversation": "chat"},
        {"metric": "Added to Cart", "type": "add_to_cart", "product": "ProductID"},
        {"metric": "Opened Chat", "type": "message_opened"},
    ]
    asking = client(shop, interactions=interactions)
    assert "may be interactions" not in asking.check()
    assert "no metric yet for: resolved, escalated, recommended, Opened Chat" in asking.check()
    pulled("klaviyo", asking, lake)
    kept = ("conversation_id", "type", "product_id", "quantity", "url", "profile_id")
    assert [tuple(row[one] for one in kept) for row in current(lake, "interactions").values()] == [
        ("c1", "product_card_click", "9001", 1, "https://s/9001", "P7"),
        ("c1", "add_to_cart", "9001", 2, None, "P1"),
    ]


def test_a_conversation_without_an_event_has_the_channel_of_the_settings(shop: FakeKlaviyo, lake: Lake) -> None:
    """It was left out, and the figures were short of it for ever."""
    at = NOW - timedelta(hours=1)
    for name in ("c1", "c2"):
        shop.conversation(name, at, ["Where?", "There."])
    shop.event(shop.metric(NAMES["started"]), at, **{"Conversation ID": "c2", "Channel": "sms"})
    pulled("klaviyo", client(shop, channel="web_chat"), lake)
    channels = {name: row["channel"] for name, row in current(lake, "conversations").items()}
    assert channels == {"c1": "web_chat", "c2": "sms"}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (["9001", {"ProductID": 9002}], ["9001", "9002"]),
        ({"id": "9001"}, ["9001"]),
        ('["9001", "gid://shopify/Product/9002"]', ["9001", "gid://shopify/Product/9002"]),
        ("9001, 9002", ["9001", "9002"]),
        (9001.0, ["9001"]),
        ("[none", ["[none"]),
        (None, []),
    ],
)
def test_a_list_of_products_is_read_however_it_is_written(written: object, meant: list[str]) -> None:
    """A single object became the text of that object, and JSON was cut at its commas."""
    assert texts_of(written) == meant


def test_an_event_that_tells_its_time_in_seconds_alone_has_one() -> None:
    """It had no time, so its order was refused."""
    seconds = int(NOW.timestamp())
    for said in (seconds, str(seconds), float(seconds)):
        event = Event.read({"id": "E1", "attributes": {"datetime": None, "timestamp": said}}, Unknown())
        assert event.happened == NOW.isoformat()
    assert Event.read({"id": "E1", "attributes": {"timestamp": "soon"}}, Unknown()).happened is None
