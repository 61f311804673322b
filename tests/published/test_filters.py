"""Filters: what they find, on both warehouses, and the addresses that they are written into."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from flows.ground.errors import InputError
from flows.published.conversations import count, page
from flows.published.figures import OPEN_REASONS, STATUSES
from flows.published.filters import Filters
from flows.published.wording import LONGEST
from flows.warehouses.reader import Reader
from tests.published.conftest import Read, account_of
from tests.published.shop import MIDNIGHT, ZONE, Shop, asked_shop, ids_by, rows_by_id

FIRST, LAST = date(2026, 5, 31), date(2026, 6, 8)
ALL = Filters(FIRST, LAST)
DAYS = some.dates(FIRST, LAST)
SIGNS = some.text(some.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=9)
TEXTS = some.sampled_from(["", " ", "%", "_", "\\", "c05", "100%", "müller", "İ", "ß oss", ".*", "[x]", "'"]) | SIGNS
VALUES = some.lists(some.sampled_from(["returns", "a, b", "[x]", "", "sms", '"', "\\", ","]) | SIGNS, max_size=3)
WORDS = some.lists(
    some.sampled_from(["commande", "GROSSE", "cafe", '"die größe wechseln"', "can't", "42", "ełódź", "كمرحبا", "$1"])
    | SIGNS.filter(lambda text: not set(text) & set('"\u201c\u201d\u201e\u00ab\u00bb')),
    max_size=2,
).map(" ".join)
FILTERS = some.builds(
    Filters,
    first=some.just(FIRST),
    last=DAYS,
    search=TEXTS,
    profile=TEXTS,
    channels=VALUES.map(tuple),
    statuses=some.lists(some.sampled_from(STATUSES), max_size=3).map(tuple),
    words=WORDS,
    open_reasons=some.lists(some.sampled_from(OPEN_REASONS), max_size=2).map(tuple),
    escalation_reasons=some.lists(some.sampled_from(["", "complaint", "it's, a \\ reason"]) | SIGNS).map(tuple),
    ratings=some.lists(some.integers(1, 5), max_size=3).map(tuple),
    tags=VALUES.map(tuple),
    least_messages=some.none() | some.integers(0, 7),
    most_messages=some.none() | some.integers(0, 2**63 - 1),
    updated_from=some.none() | DAYS,
    updated_to=some.none() | DAYS,
    topic=some.none() | some.just("t") | SIGNS.filter(bool),
    product=some.none() | some.just("p") | SIGNS.filter(bool),
    shown_product=some.none() | some.sampled_from(["shoe", "it's"]) | SIGNS.filter(bool),
    skill=some.none() | some.just("returns") | SIGNS.filter(bool),
    is_sold=some.booleans(),
    is_clicked=some.booleans(),
    is_recontacted=some.booleans(),
    is_deflected=some.booleans(),
)


@pytest.fixture(scope="module")
def shop() -> Shop:
    return asked_shop()


@pytest.fixture(scope="module")
def reader(read: Read, shop: Shop) -> Reader:
    return read(shop)


def left_open(shop: Shop, product_id: str) -> set[str]:
    asked = (one for one in shop.rows["knowledge_gap_questions"] if one.get("product_id") == product_id)
    return {one["conversation_id"] for one in asked if one.get("is_unanswered") == "true"}


def found(reader: Reader, filters: Filters) -> set[str]:
    account = account_of(reader)
    rows = page(reader, account, filters, limit=1000)
    assert count(reader, account, filters) == len(rows)
    return {one.conversation_id for one in rows}


def folded(text: str | None) -> str:
    return (text or "").casefold().replace("ı", "i").replace("i\u0307", "i")


def bare(text: str) -> str:
    """Without accents and points: what Unicode calls marks of letters that have a case, Hebrew and Arabic."""
    marks = [*range(0x300, 0x370), *range(0x591, 0x5BE), *range(0x5BF, 0x5C8), *range(0x610, 0x61B), 0x640]
    marks += [*range(0x64B, 0x660), 0x670]
    whole = "".join(
        one if unicodedata.name(one, "").startswith("HANGUL") else unicodedata.normalize("NFD", one) for one in text
    )
    return folded("".join(one for one in whole if ord(one) not in marks)).replace("\u2019", "'")


def says(shop: Shop, conversation_id: str, words: str) -> bool:
    """Each of the words stands in a message."""
    texts = [
        one["text"] or ""
        for one in shop.rows["messages"]
        if (one["account_id"], one["conversation_id"]) == ("shop", conversation_id)
    ]
    phrases = re.findall(r'"([^"]*)"', words)
    wanted = [*phrases, *re.sub(r'"[^"]*"', " ", words).split()]
    return all(any(" ".join(bare(one).split()) in " ".join(bare(text).split()) for text in texts) for one in wanted)


def why(row: dict[str, Any]) -> str | None:
    return (row["escalation_reason"] or "") if row.get("handoff_method") else None


def shown(shop: Shop, product: str) -> set[str]:
    """In which conversations the agent recommended it, or the shopper clicked it; an opened message is neither."""
    if product not in ("shoe", "it's"):
        return set()
    return {"c10", "c20", *(("c11", "c21") if product == "shoe" else ())}


def meets(row: dict[str, Any], filters: Filters, shop: Shop) -> bool:
    """The filters once more, read in Python."""

    def has(text: str | None, key: str | None, wanted: str) -> bool:
        return all(folded(word) in folded(text) for word in wanted.split()) or key in (wanted, wanted.strip())

    updated = row["last_message_at"].astimezone(ZONE).date()
    key = row["conversation_id"]
    return (
        filters.first <= row["started_on"] <= filters.last
        and has(row["first_question"], key, filters.search)
        and has(row["profile_name"], row["profile_id"], filters.profile)
        and row["channel"] in (filters.channels or [row["channel"]])
        and row["status"] in (filters.statuses or [row["status"]])
        and says(shop, key, filters.words)
        and (not filters.open_reasons or row.get("open_reason") in filters.open_reasons)
        and (not filters.escalation_reasons or why(row) in filters.escalation_reasons)
        and (not filters.ratings or row.get("rating") in filters.ratings)
        and ((row.get("tag") or "") in filters.tags or not filters.tags)
        and (filters.least_messages or 0) <= row["message_count"]
        and (filters.most_messages is None or row["message_count"] <= filters.most_messages)
        and (filters.updated_from or FIRST) <= updated
        and updated <= (filters.updated_to or date.max)
        and (not filters.topic or key in ids_by(shop, "knowledge_gap_questions", topic_id=filters.topic))
        and (not filters.product or key in left_open(shop, filters.product))
        and (not filters.shown_product or key in shown(shop, filters.shown_product))
        and (not filters.skill or key in ids_by(shop, "messages", skill=filters.skill, sender="agent"))
        and (not filters.is_sold or key in ids_by(shop, "attributed_order_lines"))
        and (not filters.is_clicked or row["link_clicks"] > 0)
        and (not filters.is_recontacted or row.get("is_recontacted") is True)
        and (not filters.is_deflected or row.get("is_deflected") is True)
    )


@pytest.mark.parametrize(
    "alone",
    [
        {"search": "wool_BLEND"},
        {"profile": "MÜLLER ana"},
        {"profile": "100%"},
        {"channels": ("sms", "email")},
        {"statuses": ("routed", "closed")},
        {"tags": ("",)},
        {"tags": ("a, b", "")},
        {"tags": ("[x]",)},
        {"least_messages": 5},
        {"most_messages": 2},
        {"updated_from": date(2026, 6, 4)},
        {"updated_to": date(2026, 6, 4)},
        {"topic": "t"},
        {"product": "p"},
        {"words": "commande"},
        {"words": "COMMANDE besancon"},
        {"words": '"grosse wechseln"'},
        {"open_reasons": ("running",)},
        {"open_reasons": ("running", "unanswered")},
        {"escalation_reasons": ("complaint",)},
        {"escalation_reasons": ("", "it's, a \\ reason")},
        {"ratings": (1, 5)},
        {"shown_product": "shoe"},
        {"shown_product": "it's"},
        {"skill": "returns"},
        {"is_sold": True},
        {"is_clicked": True},
        {"is_recontacted": True},
        {"is_deflected": True},
    ],
)
def test_each_filter_leaves_what_meets_it(reader: Reader, shop: Shop, alone: dict[str, Any]) -> None:
    filters = replace(ALL, **alone)
    expected = {key for key, row in rows_by_id(shop).items() if meets(row, filters, shop)}
    assert 0 < len(expected) < len(rows_by_id(shop))
    assert found(reader, filters) == expected


@example(names={"words"}, filters=replace(ALL, words="OS"))  # half of ß
@settings(max_examples=150, deadline=None)
@given(
    names=some.sets(some.sampled_from(sorted(Filters.__dataclass_fields__)), max_size=3),
    filters=FILTERS,
)
def test_filters_find_what_meets_them(reader: Reader, shop: Shop, names: set[str], filters: Filters) -> None:
    """A few of them at a time, so that something is left to be found."""
    few = replace(ALL, **{name: getattr(filters, name) for name in names})
    assert found(reader, few) == {key for key, row in rows_by_id(shop).items() if meets(row, few, shop)}


@pytest.mark.parametrize(
    ("search", "text"),
    [
        ("istanbul'DA", "İstanbul'da"),
        ("İSTANBUL kargo", "İstanbul'da"),
        ("ILIK", "İstanbul"),
        ("strasse GROSSENHAIN", "Straße"),
        ("STRAẞE", "Straße"),
        ("ΠΡΟΣ αθηνα ΟΔΌΣ", "ΟΔΟΣ"),
        ("доставка ВОЗВРАТ", "ДОСТАВКА"),
        ("FAMÍLIA 👩‍👩‍👧‍👦", "👩"),
        ("100% WOOL_", "100%"),
        ("% _", "100%"),
        ("\\ .* $1 {0}", "It's"),
        ('"QUOTED"', "It's"),
        ("<SCRIPT>", "<script>"),
        ("\u202e", "\u202e"),
        ("lines two", "two"),
        ("  c05\t", "👩"),
        ("it's 100%_\\", "xxx"),
    ],
)
def test_a_word_is_found_whatever_its_case_and_its_signs(reader: Reader, shop: Shop, search: str, text: str) -> None:
    these = found(reader, replace(ALL, search=search))
    begin = {(rows_by_id(shop)[one]["first_question"] or "")[: len(text)] for one in these}
    assert (begin, len(these) > 0) == ({text}, True)


@pytest.mark.parametrize(
    "search", ["100% silk", "100%wool", "wo.l", "w%l", "________", "c0", "C05", "x' or 'a' = 'a", "((", "[a"]
)
def test_what_is_nowhere_is_not_found(reader: Reader, search: str) -> None:
    assert found(reader, replace(ALL, search=search)) == set()


@pytest.mark.parametrize("word", ["ß", "İ", "ﬃ", "ΐ", "👩", "'", "\\", ".", "ﬃ "])
def test_the_longest_search_is_answered(reader: Reader, word: str) -> None:
    assert found(reader, replace(ALL, search=(word * LONGEST)[:LONGEST])) == set()


def test_dates_are_local_and_included(read: Read) -> None:
    shop = Shop()
    for name, at in (("before", -1), ("first", 0), ("last", 24 * 3600 - 1), ("after", 24 * 3600)):
        then = MIDNIGHT + timedelta(seconds=at)
        shop.conversation(f"started {name}", at=then, last_message_at=MIDNIGHT + timedelta(days=3))
        shop.conversation(f"updated {name}", at=MIDNIGHT - timedelta(days=5), last_message_at=then)
    reader, day = read(shop), date(2026, 6, 1)
    assert found(reader, Filters(day, day)) == {"started first", "started last"}
    updated = Filters(date.min, date.max, updated_from=day, updated_to=day)
    assert found(reader, updated) == {"updated first", "updated last"}
    assert "updated before" in found(reader, replace(updated, updated_from=None))
    assert "updated before" in found(reader, replace(updated, updated_from=date.min, updated_to=date.max))


def test_who_sees_no_texts_finds_by_ids_only(read_limited: Read, shop: Shop) -> None:
    limited = read_limited(shop)
    assert found(limited, replace(ALL, search="wool_blend")) == set()
    assert found(limited, replace(ALL, search=" c17 ")) == {"c17"}
    assert found(limited, replace(ALL, profile="ana")) == set()
    assert found(limited, replace(ALL, profile="p0")) == {f"c{number:02}" for number in range(0, 60, 5)}
    assert found(limited, replace(ALL, statuses=("closed",), tags=("",))) != set()


@given(filters=FILTERS)
def test_an_address_brings_the_filters_back(filters: Filters) -> None:
    query = filters.to_query()
    assert all(query.values())
    assert Filters.from_query(query) == filters
    assert Filters.from_query({**query, "account": "shop", "limit": "x"}, date.min, date.max) == filters


def test_an_address_reads_well() -> None:
    filters = replace(ALL, statuses=("routed", "closed"), tags=("returns", ""), least_messages=0, is_sold=True)
    assert filters.to_query() == {
        "from": "2026-05-31",
        "to": "2026-06-08",
        "statuses": "routed,closed",
        "tags": '["returns", ""]',
        "least_messages": "0",
        "is_sold": "yes",
    }


def test_an_empty_address_asks_for_the_dates_given() -> None:
    assert Filters.from_query({"from": "", "tags": "", "topic": ""}, FIRST, LAST) == ALL
    with pytest.raises(InputError, match=r"^to: is missing"):
        Filters.from_query({"from": "2026-06-01"}, FIRST)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("from", "yesterday"),
        ("from", "2026-06-09"),
        ("to", "2026-02-30"),
        ("updated_from", "1"),
        ("updated_to", "2026-06-01T00:00:00Z"),
        ("least_messages", "-1"),
        ("most_messages", "1e3"),
        ("most_messages", "9" * 19),
        ("most_messages", "٣"),
        ("is_sold", "1"),
        ("is_clicked", "perhaps"),
        ("statuses", "open,done"),
        ("open_reasons", "running,done"),
        ("ratings", "6"),
        ("ratings", "1,"),
        ("ratings", "0"),
        ("words", "x" * (LONGEST + 1)),
        ("words", "\ud800"),
        ("escalation_reasons", "\x00"),
        ("shown_product", "\x00"),
        ("channels", "[1]"),
        ("tags", "[" * 100_000),
        ("tags", "a\x00"),
        ("search", "\ud800"),
        ("search", "x" * (LONGEST + 1)),
        ("profile", "\x00"),
        ("topic", "\x00"),
        ("skill", "\udfff"),
    ],
)
def test_a_wrong_parameter_is_named(name: str, value: str) -> None:
    with pytest.raises(InputError, match=f"^{name}: "):
        Filters.from_query({name: value}, FIRST, LAST)


def test_instants_of_the_page_are_utc(reader: Reader) -> None:
    (one,) = page(reader, account_of(reader), replace(ALL, search="c05"))
    assert (one.started_at, one.started_at.tzinfo) == (datetime(2026, 6, 1, 17, tzinfo=UTC), UTC)
