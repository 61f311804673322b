"""Events told to Klaviyo, over real HTTP: each once, as Klaviyo takes them, and never read back as the agent's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

import contract
from flows.delivery.klaviyo import Klaviyo
from flows.delivery.klaviyo.endpoints import Group
from flows.delivery.message import Message
from flows.ground.errors import SourceRefused, SourceUnavailable
from flows.lake import Lake
from flows.settings.deliveries import KlaviyoDelivery
from flows.sources.klaviyo.client import Client
from flows.sources.klaviyo.endpoints import Group as OfTheSource
from flows.sources.klaviyo.settings import InteractionSettings, KlaviyoSettings
from tests.delivery.fake_klaviyo_lists import KEY, FakeKlaviyoLists
from tests.sources import fake_klaviyo
from tests.sources.fake_klaviyo import FakeKlaviyo
from tests.sources.pulled import ACCOUNT, current, environment, pulled

AT = datetime(2026, 5, 4, 10, 20, 30, 400_000, tzinfo=UTC)
STARTED = Message(
    account_id=ACCOUNT,
    message_id="m/1",
    kind="event",
    name="Started conversation with Customer Agent",
    profile_id="p",
    at=AT,
    email="ann@example.com",
    phone="+4930123456",
    properties={"Conversation ID": "c1", "Channel": "web chat", "Tags": ["a", "b"], "Rating": None},
)


@pytest.fixture(autouse=True)
def _no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for groups in (Group, OfTheSource):
        monkeypatch.setattr(groups, "limits", property(lambda group: ((10_000, 1.0),)))


@pytest.fixture
def shop() -> Iterator[FakeKlaviyoLists]:
    with FakeKlaviyoLists() as shop:
        yield shop


def klaviyo(shop: FakeKlaviyoLists) -> Klaviyo:
    return Klaviyo(KlaviyoDelivery(base_url=shop.url), {"KLAVIYO_DELIVERY_KEY": KEY}, lambda _: None)


def test_an_event_says_what_happened_when_and_to_whom(shop: FakeKlaviyoLists) -> None:
    ann = shop.profile("ann@example.com")
    klaviyo(shop).send(STARTED)
    (event,) = shop.events
    assert (event.metric, event.profile_id, event.unique_id) == (STARTED.name, ann, "m/1")
    assert event.at == AT.replace(microsecond=0)
    assert (event.value, event.value_currency, event.is_backfill) == (None, None, False)
    assert event.properties == {
        "Conversation ID": "c1",
        "Channel": "web chat",
        "Tags": ["a", "b"],
        "Sent by": "customer-agent-metrics",
    }
    assert shop.profiles[ann]["phone_number"] is None  # an event changes no profile


def test_money_is_the_value_of_an_event(shop: FakeKlaviyoLists) -> None:
    money = {"value": Decimal("19.9000"), "value_currency": "EUR", "Days": Decimal(3), "On": AT.date(), "Is": False}
    klaviyo(shop).send(replace(STARTED, properties=money, is_backfill=True))
    klaviyo(shop).send(replace(STARTED, message_id="m/2", properties={"value": Decimal(0), "value_currency": "EUR"}))
    klaviyo(shop).send(replace(STARTED, message_id="m/3", properties={"value": None, "value_currency": "EUR"}))
    first, zero, unknown = shop.events
    assert (first.value, first.value_currency, first.is_backfill) == (19.9, "EUR", True)
    ours = {"Sent by": "customer-agent-metrics"}
    assert first.properties == {"Days": 3, "On": "2026-05-04", "Is": False, **ours}
    assert (zero.value, zero.properties) == (0, ours)
    assert (unknown.value, unknown.properties) == (None, {"value_currency": "EUR", **ours})


def test_a_shopper_is_named_by_one_thing_alone(shop: FakeKlaviyoLists) -> None:
    """Two names of one shopper in an event were written into the profile of the first of them."""
    by_id, by_phone = shop.profile("other@example.com"), shop.profile(None, "+4930123456")
    ask = klaviyo(shop)
    ask.send(STARTED, by_id)
    ask.send(replace(STARTED, email=None))
    assert [one.profile_id for one in shop.events] == [by_id, by_phone]
    assert shop.profiles[by_id]["email"] == "other@example.com"
    with pytest.raises(SourceRefused, match="nobody knows an email"):
        ask.send(replace(STARTED, email=None, phone=None))
    with pytest.raises(SourceRefused, match="profile does not exist"):
        ask.send(STARTED, "gone")


def test_an_event_that_is_told_again_is_recorded_once(shop: FakeKlaviyoLists, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = klaviyo(shop)
    shop.lost["POST events"], shop.throttled["POST events"] = 1, 1
    ask.send(STARTED)
    ask.send(STARTED)
    ask.send(replace(STARTED, message_id="m/2"))  # in the same second
    assert shop.told()["events"] == {(STARTED.name, "m/1"): 1, (STARTED.name, "m/2"): 1}
    assert shop.repeated == 2
    monkeypatch.setattr("flows.sources.api.http.ATTEMPTS", 1)
    shop.lost["POST events"] = 1
    with pytest.raises(SourceUnavailable) as raised:
        klaviyo(shop).send(STARTED)
    assert raised.value.is_transient


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"name": "x" * 128}, "128 characters, and may have 127"),
        ({"name": ""}, "0 characters"),
        ({"at": datetime(1990, 5, 1, tzinfo=UTC)}, "between 1991 and a year from now"),
        ({"at": datetime.now(UTC) + timedelta(days=370)}, "between 1991 and a year from now"),
        ({"properties": {f"p{number}": 1 for number in range(300)}}, "301 properties, and may have 300"),
        ({"properties": {"Text": "ü" * 50_000}}, "'Text' has 100,002 bytes, and may have 100,000"),
        ({"properties": {"Ids": [1] * 4_001}}, "'Ids' has 4,001 items, and may have 4,000"),
        ({"properties": {f"p{number}": "x" * 99_000 for number in range(51)}}, "bytes, and may have 5,000,000"),
        ({"properties": {"Rate": float("nan")}}, "nan is not a number"),
        ({"properties": {"What": object()}}, "a object has no form in JSON"),
        ({"properties": {"Deep": [[[[[[[[[[[]]]]]]]]]]]}}, "'Deep' has more than 10 levels"),
    ],
)
def test_what_klaviyo_would_not_take_is_refused_before_it_is_sent(
    shop: FakeKlaviyoLists, given: Mapping[str, Any], why: str
) -> None:
    with pytest.raises(SourceRefused, match=why) as raised:
        klaviyo(shop).send(replace(STARTED, **given))
    assert not raised.value.is_transient
    assert not shop.asked


def test_the_greatest_event_that_is_not_refused_here_is_taken(shop: FakeKlaviyoLists) -> None:
    many = {f"p{number}": "x" * 15_000 for number in range(298)}
    klaviyo(shop).send(replace(STARTED, name="x" * 127, properties={**many, "Text": "ü" * 49_999}))
    klaviyo(shop).send(replace(STARTED, message_id="2", properties={"Ids": [1] * 4_000, "Half": "a \ud800"}))
    assert len(shop.events) == 2


def test_our_own_events_that_come_back_change_no_table(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was delivered to Klaviyo and pulled from it was a second start of the conversation, and its channel."""
    settings: dict[str, Any] = {
        "orders": True,
        "start": "2026-01-01",
        "interactions": (InteractionSettings(metric="Clicked Link", type="link_click"),),
    }
    with FakeKlaviyo() as source, FakeKlaviyoLists() as shop:

        def pull() -> dict[str, Any]:
            given = KlaviyoSettings(base_url=source.url, **settings)
            secrets = environment(KLAVIYO_API_KEY=fake_klaviyo.KEY)
            pulled("klaviyo", Client(ACCOUNT, given, secrets, lambda _: None), lake)
            return {name: current(lake, name) for name in contract.landing()}

        started = source.metric(STARTED.name)
        source.conversation("c1", AT, ["Where?", "There."])
        source.event(started, AT, **{"Conversation ID": "c1", "Channel": "sms", "First message": "Where?"})
        before = pull()
        assert len(before["conversations"]) == 1
        ask = klaviyo(shop)
        told = {"Conversation ID": "c1", "Channel": "email", "OrderId": "o1", "Reason": "x", "Product IDs": ["p1"]}
        for number, name in enumerate(
            (
                STARTED.name,
                "Conversation with Customer Agent resolved",
                "Conversation with Customer Agent escalated",
                "Received product recommendation from Customer Agent",
                "Placed Order",
                "Clicked Link",
            )
        ):
            ask.send(replace(STARTED, message_id=str(number), name=name, properties=told))
        metrics = {one.metric: source.metric(one.metric) for one in shop.events}
        for one in shop.events:
            source.event(metrics[one.metric], one.at, one.profile_id, **one.properties)
        assert len(shop.events) == 6
        assert _without_places(pull()) == _without_places(before)


def _without_places(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Rows without where in the lake they stand."""
    return {
        name: {key: {column: row[column] for column in row if not column.startswith("_")} for key, row in rows.items()}
        for name, rows in tables.items()
    }
