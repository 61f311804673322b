"""Conversations were taken for shoppers, and events for either: the three are counted apart, on both warehouses."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from flows.published.volumes import Volumes, volumes
from flows.warehouses.reader import Reader
from tests.published.conftest import Read, account_of
from tests.published.shop import MIDNIGHT, Shop

FIRST, LAST = date(2026, 6, 1), date(2026, 6, 2)
STARTED, RESOLVED, ESCALATED, RECOMMENDED = (
    "conversation_started", "conversation_resolved", "conversation_escalated", "product_recommended",
)  # fmt: skip


def shop_of_regulars() -> Shop:
    shop = Shop()
    people = {"first": "p", "again": "p", "other": "q", "nobody": None, "nobody too": None}
    for number, (key, profile) in enumerate(people.items()):
        at = MIDNIGHT + timedelta(hours=11 * number)
        shop.conversation(key, at=at, profile_id=profile, channel=("web_chat", "sms")[number % 2])
        shop.event(key, 0, STARTED)
    shop.conversation("earlier", at=MIDNIGHT - timedelta(seconds=1), profile_id="r")
    shop.conversation("later", at=MIDNIGHT + timedelta(days=2), profile_id="s")
    shop.conversation("elsewhere", account_id="other", at=MIDNIGHT, profile_id="t")
    shop.event("earlier", 0, STARTED)
    shop.event("earlier", 1, ESCALATED)  # on the first date
    shop.event("first", 2 * 24 * 60, RESOLVED)  # on the date after the last one
    for number in range(3):
        shop.event("again", number, RECOMMENDED)
    return shop


@pytest.fixture(scope="module")
def reader(read: Read) -> Reader:
    return read(shop_of_regulars())


def test_conversations_shoppers_and_events_are_three_counts(reader: Reader) -> None:
    """Rules 4.2, 6.1 and 7.1; dates are local and both ends are included (1.2)."""
    found = volumes(reader, account_of(reader), FIRST, LAST)
    assert found == Volumes(5, 2, 2, {STARTED: 5, RESOLVED: 0, ESCALATED: 1, RECOMMENDED: 3})
    assert found.to_json_dict()["anonymous_conversations"] == 2


def test_they_are_of_the_channels_that_are_asked(reader: Reader) -> None:
    found = volumes(reader, account_of(reader), FIRST, LAST, channels=("sms",))
    assert found == Volumes(2, 1, 1, {STARTED: 2, RESOLVED: 0, ESCALATED: 0, RECOMMENDED: 3})
    both = volumes(reader, account_of(reader), FIRST, LAST, channels=("sms", "web_chat"))
    assert both == volumes(reader, account_of(reader), FIRST, LAST)
    nothing = Volumes(0, 0, 0, {STARTED: 0, RESOLVED: 0, ESCALATED: 0, RECOMMENDED: 0})
    assert volumes(reader, account_of(reader), FIRST, LAST, channels=("it's none",)) == nothing


def test_a_limited_reader_counts_the_same(read_limited: Read) -> None:
    found = volumes(limited := read_limited(shop_of_regulars()), account_of(limited), FIRST, LAST)
    assert (found.conversations, found.shoppers, found.anonymous_conversations) == (5, 2, 2)
