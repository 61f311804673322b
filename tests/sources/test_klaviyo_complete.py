"""What Klaviyo itself counts is held against what came, over real HTTP; and only what is used is asked for and kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from flows.lake import Lake
from flows.sources.api import http
from flows.sources.klaviyo.endpoints import Group
from tests.sources.fake_klaviyo import FakeKlaviyo
from tests.sources.pulled import current, pulled
from tests.sources.test_klaviyo import client

AT = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeKlaviyo]:
    monkeypatch.setattr(Group, "limits", property(lambda group: ((10_000, 1.0),)))
    with FakeKlaviyo() as shop:
        yield shop


def threads(shop: FakeKlaviyo) -> int:
    return sum(asked.path.endswith("messages") for asked in shop.asked)


def test_a_thread_that_came_short_is_asked_again_and_then_said_to_be_short(shop: FakeKlaviyo, lake: Lake) -> None:
    """A short answer was taken for the whole thread, for ever."""
    for name in ("c1", "c2"):
        shop.conversation(name, AT, ["Where?", "There.", "Thanks"])
    shop.withheld = {"c1": 1, "c2": 2}
    summary = pulled("klaviyo", client(shop), lake)
    assert summary.warnings == ["1 messages that klaviyo lists did not come, of 1 conversations such as c2"]
    assert set(current(lake, "messages")) == {"c1/0", "c1/1", "c1/2", "c2/0", "c2/1"}
    counts = current(lake, "source_counts")
    assert {name: counts[f"klaviyo/messages/{name}"]["value"] for name in ("c1", "c2")} == {"c1": 3, "c2": 3}
    assert counts["klaviyo/messages/c2"]["conversation_id"] == "c2"
    before = threads(shop)
    assert pulled("klaviyo", client(shop), lake).warnings == []
    assert (threads(shop) - before, "c2/2" in current(lake, "messages")) == (1, True)
    assert pulled("klaviyo", client(shop), lake).loads == []
    assert threads(shop) - before == 1


def test_a_list_that_answers_one_of_twelve_is_said_to_be_short(shop: FakeKlaviyo, lake: Lake) -> None:
    """The eleven others were missing without a word."""
    for number in range(12):
        shop.conversation(f"c{number}", AT - timedelta(minutes=number), ["Where?", "There."])
    shop.as_object = True
    summary = pulled("klaviyo", client(shop), lake)
    assert "klaviyo reports 12 conversations, 1 came" in summary.warnings
    assert current(lake, "messages").keys() == {"c0/0"}
    count = current(lake, "source_counts")["klaviyo/conversations"]
    assert (count["thing"], count["value"], count["conversation_id"]) == ("conversations", 12, None)
    assert count["starts_at"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert count["ends_at"] > AT
    assert pulled("klaviyo", client(shop), lake).warnings == [
        "1 messages that klaviyo lists did not come, of 1 conversations such as c0"
    ]


def test_what_came_whole_gives_no_warning_and_an_open_thread_without_news_is_not_asked_for(
    shop: FakeKlaviyo, lake: Lake
) -> None:
    shop.conversation("c1", AT, ["Where?"], status="open")
    shop.conversation("c2", AT, ["Where?"], status="open")["relationships"] = {}  # lists no messages
    assert pulled("klaviyo", client(shop), lake).warnings == []
    assert set(current(lake, "source_counts")) == {"klaviyo/conversations", "klaviyo/messages/c1"}
    before = threads(shop)
    assert pulled("klaviyo", client(shop), lake).loads == []
    assert threads(shop) - before == 1  # of the one of which nothing tells whether it has news
    shop.conversation("c1", AT, ["Where?", "There."], status="open")["attributes"]["updated_at"] = AT.isoformat()
    pulled("klaviyo", client(shop), lake)
    assert "c1/1" in current(lake, "messages")


def test_words_that_are_not_known_come_as_they_are(shop: FakeKlaviyo, lake: Lake) -> None:
    """A conversation of a new channel, or a message of a new role, closed the gate for everybody."""
    started = shop.metric("Started Conversation")
    for number, channel in enumerate(("Instagram", "Instagram DM", "WEB-CHAT", ["voice"])):
        shop.conversation(f"c{number}", AT, ["Where?", "There."])
        shop.event(started, AT, **{"Conversation ID": f"c{number}", "Channel": channel})
    shop.messages["c0"][1]["attributes"]["role"] = "human_agent"
    pulled("klaviyo", client(shop, channel="kiosk"), lake)
    channels = {of: row["channel"] for of, row in current(lake, "conversations").items()}
    assert channels == {"c0": "instagram", "c1": "Instagram DM", "c2": "web_chat", "c3": "kiosk"}
    assert {row["agent"] for row in current(lake, "conversations").values()} == {"klaviyo"}
    assert current(lake, "messages")["c0/1"]["sender"] == "human_agent"


def test_a_conversation_that_names_its_channel_and_its_shopper_waits_for_no_event(
    shop: FakeKlaviyo, lake: Lake
) -> None:
    """As the newest revision of the beta describes it; what an event says counts before it."""
    started = shop.metric("Started Conversation")
    for number, mode in enumerate(("live", "live", "preview")):
        given = shop.conversation(f"c{number}", AT, ["Where?", "There."])["attributes"]
        given |= {"channel": "web-chat", "mode": mode, "customer": {"email": "a@example.com", "first_name": "Ann"}}
    shop.event(started, AT, **{"Conversation ID": "c1", "Channel": "SMS"})
    summary = pulled("klaviyo", client(shop, beta_revision="2026-10-15.pre"), lake)
    found = {
        of: (row["channel"], row["profile_id"], row["email"]) for of, row in current(lake, "conversations").items()
    }
    assert found == {"c0": ("web_chat", None, "a@example.com"), "c1": ("sms", "P1", None)}
    assert (summary.unknown_fields, summary.refused) == ({}, {})
    assert not any(message.startswith("c2/") for message in current(lake, "messages"))


def test_what_shoppers_do_in_the_shop_is_taken_where_the_settings_say_so(shop: FakeKlaviyo, lake: Lake) -> None:
    viewed, added = shop.metric("Viewed Product"), shop.metric("Added to Cart")
    shop.event(viewed, AT, ProductID=9001, ProductName="Shirt")
    shop.event(viewed, AT, Title="a page without a product")
    shop.event(added, AT, "P2", AddedItemProductID="$shopify:::$default:::9002", **{"$value": 3})
    pulled("klaviyo", client(shop), lake)
    assert current(lake, "product_events") == {}
    summary = pulled("klaviyo", client(shop, product_events=True), lake)
    kept = ("type", "product_id", "profile_id", "occurred_at")
    assert [tuple(row[one] for one in kept) for row in current(lake, "product_events").values()] == [
        ("viewed", "9001", "P1", AT),
        ("added_to_cart", "9002", "P2", AT),
    ]
    assert summary.refused == {}


def test_nothing_is_kept_that_is_not_used(shop: FakeKlaviyo, lake: Lake) -> None:
    """Addresses of browsers, positions and postal addresses stood in the lake."""
    names = ("Started Conversation", "Placed Order", "Viewed Product")
    secret = {"$ip": "203.0.113.7", "BillingAddress": {"Street": "203.0.113.7"}}
    item = {"ProductID": "1", "ItemPrice": 2, "Engraving": "203.0.113.7"}
    started, placed, viewed = map(shop.metric, names)
    shop.event(started, AT, **{"Conversation ID": "c1", "Channel": "sms", "First message": "203.0.113.7", **secret})
    shop.event(placed, AT, **{"OrderId": 1, "$currency_code": "EUR", "Items": [item], **secret})
    shop.event(placed, AT, **{"OrderId": 2, "$extra": {"currency": "EUR", "line_items": [item], **secret}, **secret})
    shop.event(viewed, AT, ProductID="1", **secret)
    for event in shop.lists["events"]:
        event["included"] = secret
    shop.profile("P1", AT, email="a@example.com", location={"ip": "203.0.113.7"})
    shop.lists["profiles"][0]["links"] = secret
    pulled("klaviyo", client(shop, product_events=True), lake)
    assert (len(current(lake, "orders")), len(current(lake, "order_lines"))) == (2, 2)
    assert (len(current(lake, "product_events")), len(current(lake, "conversations"))) == (1, 1)
    for file in lake.files():
        if file.rows:
            kept = duckdb.execute(f"select to_json(t)::varchar from read_parquet('{lake.path(file)}') t").fetchall()
            assert "203.0.113.7" not in json.dumps(kept), file.table


def test_doctor_asks_each_family_of_endpoints(shop: FakeKlaviyo) -> None:
    """A key without a scope was found by the pull alone."""
    client(shop).check()
    assert all("fields[profile]" in asked.params for asked in shop.asked if asked.path.endswith("profiles"))
    assert {asked.path.removeprefix("/api/") for asked in shop.asked} == {
        "metrics",
        "profiles",
        "events",
        "agent-skills",
        "agent-knowledge",
        "customer-agent-conversations",
        "customer-agent-values-reports",
    }


def test_knowledge_that_is_an_address_gives_way_to_a_row_with_its_text(shop: FakeKlaviyo, lake: Lake) -> None:
    """Its row was as new as Klaviyo's last look at the page, and replaced the text that a folder of files brought."""
    page = {"source_type": "webpage", "url": "https://shop.example/faq"}
    snippet = {"source_type": "snippet", "title": "Returns", "content": "Within 30 days."}
    for number, source in enumerate((page, snippet)):
        given = {"source": source, "status": "indexed", "indexed_at": AT.isoformat(), "updated_at": AT.isoformat()}
        shop.lists["agent-knowledge"].append({"type": "agent-knowledge", "id": f"k{number}", "attributes": given})
    assert "; 1 of 2 articles have no text here and answer nothing" in client(shop).check()
    pulled("klaviyo", client(shop), lake)
    found = {name: (row["title"], row["body"], row["updated_at"]) for name, row in current(lake, "articles").items()}
    assert found == {
        "k0": ("https://shop.example/faq", None, None),
        "k1": ("Returns", "Within 30 days.", AT),
    }


def test_a_thread_that_cannot_be_had_stops_no_other_and_is_asked_for_in_the_next_pull(
    shop: FakeKlaviyo, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One broken thread stopped the source in every run, and what was older than it never came."""
    monkeypatch.setattr(http, "ATTEMPTS", 1)
    for number in range(4):
        shop.conversation(f"c{number}", AT - timedelta(days=10, minutes=number), ["Where?"])
    shop.broken = {"c0": 500, "c1": 404, "c3": 500}
    warnings = pulled("klaviyo", client(shop), lake).warnings
    assert ["answers 500" in one or "answers 404" in one for one in warnings] == [True, True, True, False]
    assert current(lake, "messages").keys() == {"c2/0"}
    shop.broken = {}
    pulled("klaviyo", client(shop), lake)  # long after the days in which conversations are read again
    assert current(lake, "messages").keys() == {"c0/0", "c2/0", "c3/0"}


def test_knowledge_that_cannot_be_read_leaves_the_rest_as_it_is(shop: FakeKlaviyo, lake: Lake) -> None:
    del shop.lists["agent-knowledge"]
    shop.conversation("c1", AT, ["Where?"])
    (warning,) = pulled("klaviyo", client(shop), lake).warnings
    assert "klaviyo answers 404" in warning
    assert current(lake, "messages").keys() == {"c1/0"}
