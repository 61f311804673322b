"""Follow-ups that go out: one that came after the order, or a day late, would be worse than none."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from flows.delivery.ledger import Ledger, sent_follow_ups
from flows.delivery.outbox import Outbox
from flows.ground.errors import DeliveryHeld
from tests.audiences.shop import AS_OF, ShopWithSegments
from tests.delivery.delivered import Delivering
from tests.delivery.receiver import Receiver
from tests.warehouses.candidates import publish, rollback


@pytest.fixture(autouse=True)
def _not_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shop of the tests is months old."""
    monkeypatch.setattr("flows.delivery.messages.FRESH", timedelta(days=10_000))


def due(*conversations: str, state: str = "due", at: datetime = AS_OF) -> ShopWithSegments:
    """Follow-ups of these conversations, each of a shopper with its name."""
    shop = ShopWithSegments()
    shop.product("p1", "Shirt", "https://shop.example/shirt")
    for name in conversations:
        shop.conversation(name, profile_id=name)
        facts: dict[str, Any] = {"product_ids": "['p1', 'p2']", "recommended_at": at - timedelta(hours=2), "due_at": at}
        shop.add("follow_ups", conversation_id=name, profile_id=name, state=state, reason=None, sent_at=None, **facts)
    return shop


def begin(shop: Delivering) -> None:
    """The destinations are there since yesterday."""
    shop.home.root.mkdir(exist_ok=True)
    with Ledger(shop.home.deliveries) as ledger:
        for destination in ("webhook:crm", "klaviyo"):
            Outbox(ledger, "shop", destination, "follow_up").begin(AS_OF - timedelta(days=1))


def test_what_is_due_goes_once_with_its_products(shop: Delivering, receiver: Receiver) -> None:
    begin(shop)
    shop.publish("ANA", shop=due("ANA"))
    assert shop.follow_ups().delivered[0].figures["sent"] == 1
    (told,) = receiver.documents()
    assert (told["type"], told["timestamp"]) == ("follow_up.due", "2026-06-07T12:00:00.000000Z")
    data = {name: told["data"][name] for name in ("id", "profile_id", "email", "product_ids", "recommended_at")}
    assert data == {
        "id": "follow_up/shop/ANA",
        "profile_id": "ANA",
        "email": "ana@mail.example",
        "product_ids": ["p1", "p2"],
        "recommended_at": "2026-06-07T10:00:00+00:00",
    }
    assert told["data"]["products"][0] == {"product_id": "p1", "title": "Shirt", "url": "https://shop.example/shirt"}
    shop.publish("ANA", shop=due("ANA"))  # a run that has not heard of it yet
    assert shop.follow_ups().delivered[0].figures["sent"] == 0
    ((account, conversation, _),) = sent_follow_ups(shop.home.deliveries)
    assert (account, conversation) == ("shop", "ANA")


def test_what_is_not_due_does_not_go(shop: Delivering, receiver: Receiver) -> None:
    begin(shop)
    for state in ("waiting", "cancelled", "not_reachable"):
        shop.publish("ANA", shop=due("ANA", state=state))
        shop.follow_ups()
    shop.publish("ANA", shop=due("ANA", at=AS_OF - timedelta(days=2)))  # from before the destination was there
    shop.follow_ups()
    assert receiver.asked == []


def test_what_waits_does_not_go_once_an_order_came(shop: Delivering, receiver: Receiver) -> None:
    """The webhook was away while the shopper ordered; then it got the reminder."""
    begin(shop)
    shop.publish("ANA", "BEN", shop=due("ANA", "BEN"))
    receiver.answers = [503, 503]
    assert shop.follow_ups().exit_status == 5
    with Ledger(shop.home.deliveries) as ledger:
        ledger.run("update messages set next_try_at = changed_at")
    shop.publish("ANA", "BEN", shop=due("BEN"))
    done = shop.follow_ups().delivered[0]
    assert (done.figures["sent"], done.figures["dropped"]) == (1, 1)
    assert [one["data"]["profile_id"] for one in receiver.documents()] == ["ANA", "BEN", "BEN"]


def test_what_is_a_day_late_does_not_go(shop: Delivering, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is published can be old: nothing had been built for days."""
    begin(shop)
    shop.publish("ANA", shop=due("ANA"))
    monkeypatch.setattr("flows.delivery.messages.FRESH", timedelta(days=1))
    done = shop.follow_ups().delivered[0]
    assert (done.figures["too_late"], done.figures["sent"]) == (1, 0)
    assert receiver.asked == []


def test_nothing_goes_while_publications_are_held(
    shop: Delivering, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who had withdrawn consent since the publication that came back was reached again."""
    monkeypatch.setattr("tests.gaps.shop.publish", lambda home, keep, warehouses: publish(home, keep=keep + 2))
    begin(shop)
    shop.publish("ANA", shop=due("ANA"))
    shop.publish("ANA", shop=due("ANA", state="not_reachable"))
    rollback(shop.home, keep=3)
    with pytest.raises(DeliveryHeld, match="went back to an earlier publication"):
        shop.follow_ups()
    assert shop.follow_ups(dry_run=True).delivered
    assert receiver.asked == []
    shop.publish("ANA", shop=due("ANA"))
    publish(shop.home, keep=3, resume=True)
    assert shop.follow_ups().delivered[0].figures["sent"] == 1


def test_what_another_destination_got_goes_as_well_unless_an_order_came(shop: Delivering, receiver: Receiver) -> None:
    """A webhook that only wrote it down kept the message from Klaviyo."""
    begin(shop)
    shop.publish("ANA", "BEN", shop=due("ANA", "BEN"))
    receiver.answers = [503, 503]
    shop.follow_ups()
    with Ledger(shop.home.deliveries) as ledger:
        ledger.run("update messages set next_try_at = changed_at")
    again, placed_at = due("ANA", "BEN", state="sent"), AS_OF - timedelta(hours=1)
    again.add("orders", order_id="o", profile_id="BEN", placed_at=placed_at, revenue="1", net_revenue="1")
    shop.publish("ANA", "BEN", shop=again)
    done = shop.follow_ups().delivered[0]
    assert (done.figures["sent"], done.figures["dropped"]) == (1, 1)
    assert receiver.documents()[-1]["data"]["profile_id"] == "ANA"


def test_in_klaviyo_a_follow_up_is_an_event(shop: Delivering) -> None:
    begin(shop)
    shop.settings(klaviyo="follow_ups = true\n")
    shop.know("ANA")
    shop.publish("ANA", shop=due("ANA", "STRANGER"))
    done = shop.follow_ups()
    assert (done.delivered[0].figures["sent"], sum(done.delivered[0].refused.values())) == (1, 1)
    (event,) = shop.there.events
    assert (event.metric, event.profile_id) == ("Follow-up due after Customer Agent", "ANA")
    assert event.properties["Products"][0]["title"] == "Shirt"
    assert not event.is_backfill
