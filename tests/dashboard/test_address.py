"""A link shows a colleague the same thing: what is chosen goes into the address, and comes back from it."""

from __future__ import annotations

import string
from datetime import date
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.dashboard.address import HANDOFFS_BY, KNOWN, LONGEST, OF_FILTERS, remember, remembered, want
from flows.dashboard.periods import Period
from flows.published.conversations import ORDERS
from flows.published.events import EVENTS
from flows.published.figures import STATUSES
from flows.published.filters import Filters
from flows.published.performance import GROUPS

DAY = date(2026, 6, 1)
PERIOD = Period("any", DAY, date(2026, 6, 7))
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
NUMBERS = st.none() | st.integers(0, 2**63 - 1)
FILTERS = st.builds(
    Filters,
    first=st.just(PERIOD.first),
    last=st.just(PERIOD.last) | st.just(date(2026, 6, 3)),
    search=TEXTS,
    profile=TEXTS,
    channels=st.lists(TEXTS, max_size=3).map(tuple),
    statuses=st.lists(st.sampled_from(STATUSES), unique=True).map(tuple),
    tags=st.lists(TEXTS, max_size=3).map(tuple),
    least_messages=NUMBERS,
    most_messages=NUMBERS,
    updated_from=st.none() | st.dates(),
    updated_to=st.none() | st.dates(),
    topic=st.none() | TEXTS.filter(bool),
    product=st.none() | TEXTS.filter(bool),
    skill=st.none() | TEXTS.filter(bool),
    is_sold=st.booleans(),
    is_clicked=st.booleans(),
    is_recontacted=st.booleans(),
    is_deflected=st.booleans(),
)
CHOSEN = st.fixed_dictionaries(
    {
        "account": TEXTS.filter(bool),
        "dates": st.sampled_from(["7", "month", "2026-06-01..2026-06-07"]),
        "channel": st.sampled_from(["", "sms"]),
        "by": st.sampled_from(GROUPS),
        "handoffs_by": st.sampled_from(HANDOFFS_BY),
        "event": st.sampled_from([*EVENTS]),
        "conversation": st.none() | TEXTS,
        "draft": st.none() | TEXTS,
        "order": st.sampled_from(ORDERS),
    }
)


class Address(dict[str, str]):
    """An address as marimo gives it; every write is a change in the browser's history."""

    writes = 0

    def __setitem__(self, name: str, value: str) -> None:
        self.writes += 1
        super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        self.writes += 1
        super().__delitem__(name)


@given(FILTERS, CHOSEN)
def test_what_is_chosen_comes_back_from_the_address(filters: Filters, chosen: dict[str, str | None]) -> None:
    memory: dict[str, str] = {}
    address = Address()
    remember(memory, address, filters, PERIOD, **chosen)
    link = dict(parse_qsl(urlencode(address)))
    again = remembered(dict(link))
    assert again == memory == dict(address)
    for name, value in chosen.items():
        assert again.get(name, "") == (value or "")
    found = Filters.from_query(again, PERIOD.first, PERIOD.last)
    if chosen["channel"]:
        assert found.channels == ()  # it follows from the channel
    else:
        assert found.channels == filters.channels
    assert (found.first, found.last) == (filters.first, filters.last)
    assert ("from" in again) is ("to" in again) is (filters.last != PERIOD.last)  # only where they are narrower
    assert {name: getattr(found, name) for name in OF_FILTERS if name != "channels"} == {
        name: getattr(filters, name) for name in OF_FILTERS if name != "channels"
    }


@given(FILTERS, CHOSEN, FILTERS, CHOSEN)
def test_only_what_changes_is_written(
    before: Filters, chosen_before: dict[str, str | None], now: Filters, chosen: dict[str, str | None]
) -> None:
    memory: dict[str, str] = {}
    address = Address({"utm_source": "mail"})
    remember(memory, address, before, PERIOD, **chosen_before)
    remember(memory, address, now, PERIOD, **chosen)
    writes = address.writes
    remember(memory, address, now, PERIOD, **chosen)
    assert address.writes == writes
    fresh = Address()
    remember({}, fresh, now, PERIOD, **chosen)
    assert memory == fresh
    assert address == {**fresh, "utm_source": "mail"}  # what is somebody else's is left alone


@given(
    st.dictionaries(st.sampled_from([*KNOWN, "from", "x"]), TEXTS | st.lists(TEXTS, max_size=2) | st.text(), max_size=9)
)
def test_no_address_breaks_the_page(query: dict[str, object]) -> None:
    memory = remembered(query)
    assert memory["by"] in GROUPS
    assert memory["event"] in EVENTS
    assert memory["dates"]
    assert set(memory) <= set(KNOWN)
    assert all(isinstance(value, str) and value for value in memory.values())


def test_what_an_address_says_twice_or_at_length_is_left_out() -> None:
    memory = remembered({"account": ["a", "b"], "search": "x" * (LONGEST + 1), "profile": "x" * LONGEST, "evil": "x"})
    defaults = {"by": "status", "handoffs_by": "reason", "event": "conversation_started", "dates": "30"}
    assert memory == {"profile": "x" * LONGEST, **defaults}


def test_wanting_filters_drops_the_others() -> None:
    memory = {
        "account": "shop",
        "search": "x",
        "from": "2026-06-01",
        "to": "2026-06-01",
        "is_sold": "yes",
        "statuses": "open",
        "conversation": "c",
    }
    count = [5]
    want(memory, lambda more: count.append(more(count[-1])), statuses="routed,closed", topic="")
    assert memory == {"account": "shop", "conversation": "c", "statuses": "routed,closed"}
    assert count == [5, 6]


@pytest.mark.parametrize("name", OF_FILTERS)
def test_every_filter_is_known_to_addresses(name: str) -> None:
    assert name in KNOWN
    assert name in Filters.__dataclass_fields__
    assert set(Filters.__dataclass_fields__) - set(OF_FILTERS) == {"first", "last"}
    assert set(name) <= {*string.ascii_lowercase, "_"}
