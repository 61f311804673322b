"""The four events: counted by local date, and fed, on both warehouses."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from itertools import pairwise

import pytest

import contract
from flows.ground.errors import InputError
from flows.published.events import EVENTS, Event, counts, feed
from flows.published.products import Product
from flows.warehouses.reader import Reader
from tests.published.conftest import Read, account_of
from tests.published.shop import MIDNIGHT, Shop

FIRST, LAST = date(2026, 6, 1), date(2026, 6, 4)
A_DAY = 24 * 60


def eventful_shop() -> Shop:
    shop = Shop()
    shop.product("shoe", "Shoe", "https://shop.example/shoe")
    shop.product("lace", "Lace", "data:text/html,x")
    shop.conversation("known", "resolved", profile_name="=Ana", profile_id="p", channel="sms", tag="returns")
    shop.conversation("unknown", "routed")
    shop.conversation("elsewhere", account_id="other")
    for minutes in (-1 / 60, 0, 1, A_DAY - 1, 3 * A_DAY, 4 * A_DAY - 1 / 60, 4 * A_DAY):
        shop.event("known", minutes, "conversation_started", initial_skill="sizes")
    shop.event("elsewhere", A_DAY, "conversation_started")
    shop.event("known", 30, "conversation_resolved", final_skill="returns", tag="returns")
    shop.event("unknown", 40, "conversation_escalated", tag=None, escalation_reason="complaint")
    shop.event("known", 50, "product_recommended", product_ids="['shoe', 'lace', 'gone']")
    for number in range(5):
        shop.event("unknown", 60, "product_recommended", product_ids="['shoe']", event_id=f"same instant {number}")
    return shop


@pytest.fixture(scope="module")
def reader(read: Read) -> Reader:
    return read(eventful_shop())


def test_the_events_are_those_of_the_contract() -> None:
    assert tuple(EVENTS) == contract.metrics()["agent_events"].column("event").values


def test_every_day_has_its_count(reader: Reader) -> None:
    """Rules 1.1 and 1.2: days are local, both ends are included."""
    account = account_of(reader)
    assert counts(reader, account, "conversation_started", FIRST, LAST) == (
        (date(2026, 6, 1), 3),
        (date(2026, 6, 2), 0),
        (date(2026, 6, 3), 0),
        (date(2026, 6, 4), 2),
    )
    wide = counts(reader, account, "conversation_started", FIRST - timedelta(days=2), LAST + timedelta(days=1))
    assert [number for _, number in wide] == [0, 1, 3, 0, 0, 2, 1]
    assert counts(reader, account_of(reader, "other"), "conversation_started", FIRST, FIRST) == ((FIRST, 0),)


def test_the_feed_begins_with_the_newest(reader: Reader) -> None:
    account = account_of(reader)
    found = feed(reader, account, "conversation_started", FIRST, LAST)
    assert len(found) == 5
    assert all(later.occurred_at > earlier.occurred_at for later, earlier in pairwise(found))
    assert {(one.initial_skill, one.final_skill) for one in found} == {("sizes", None)}
    same = [feed(reader, account, "product_recommended", FIRST, LAST, offset=at, limit=2) for at in (0, 2, 4, 6)]
    ids = [one.event_id for several in same for one in several]
    assert ids[:5] == [f"same instant {number}" for number in range(5)]
    assert [len(several) for several in same] == [2, 2, 2, 0]


def test_all_events_are_counted_and_fed_together(reader: Reader) -> None:
    """The number of events on the overview led to a list of one kind of them."""
    account = account_of(reader)
    by_event = [counts(reader, account, event, FIRST, LAST) for event in EVENTS]
    summed = tuple((days[0][0], sum(count for _, count in days)) for days in zip(*by_event, strict=True))
    assert counts(reader, account, None, FIRST, LAST) == summed
    each = [one for event in EVENTS for one in feed(reader, account, event, FIRST, LAST)]
    each.sort(key=lambda one: one.event_id)
    each.sort(key=lambda one: one.occurred_at, reverse=True)
    assert list(feed(reader, account, None, FIRST, LAST)) == each
    assert len({one.event for one in each}) == 4


def test_events_have_their_properties(reader: Reader) -> None:
    account = account_of(reader)
    (resolved,) = feed(reader, account, "conversation_resolved", FIRST, LAST)
    assert resolved == Event(
        event_id=resolved.event_id,
        event="conversation_resolved",
        occurred_at=MIDNIGHT + timedelta(minutes=30),
        conversation_id="known",
        profile_id="p",
        profile_name="=Ana",
        channel="sms",
        initial_skill=None,
        final_skill="returns",
        tag="returns",
        escalation_reason=None,
        products=(),
    )
    assert resolved.occurred_at.tzinfo is UTC
    (escalated,) = feed(reader, account, "conversation_escalated", FIRST, LAST)
    assert (escalated.escalation_reason, escalated.profile_id, escalated.profile_name) == (
        "complaint",
        None,
        "Anonymous",
    )
    recommended = feed(reader, account, "product_recommended", FIRST, LAST)[-1]
    assert recommended.products == (
        Product("shoe", "Shoe", "https://shop.example/shoe"),
        Product("lace", "Lace", None),
        Product("gone", None, None),
    )


def test_an_unknown_event_is_refused(reader: Reader) -> None:
    account = account_of(reader)
    for ask in (counts, feed):
        with pytest.raises(InputError, match="event: there is no event 'clicked'"):
            ask(reader, account, "clicked", FIRST, LAST)


def test_without_events_all_days_are_zero(read: Read) -> None:
    reader = read(Shop())
    account = account_of(reader)
    assert [counts(reader, account, event, FIRST, LAST)[3] for event in EVENTS] == [(LAST, 0)] * 4
    assert feed(reader, account, "conversation_started", FIRST, LAST) == ()


def test_who_sees_no_names_sees_the_events(read_limited: Read) -> None:
    limited = read_limited(eventful_shop())
    (resolved,) = feed(limited, account_of(limited), "conversation_resolved", FIRST, LAST)
    assert (resolved.profile_id, resolved.profile_name, resolved.tag) == ("p", None, "returns")
