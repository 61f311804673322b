"""Words of whole threads: who looked for what a shopper had said found only first questions, spelled alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from flows.ground.errors import InputError
from flows.published.conversations import count, escalation_reasons, page
from flows.published.filters import Filters
from flows.published.wording import LONGEST
from flows.published.words import LOOKED_AT, Found, found, terms
from flows.warehouses.reader import Reader
from tests.published.conftest import Read, account_of
from tests.published.shop import MIDNIGHT, Shop

ALL = Filters(date(2026, 6, 1), date(2026, 6, 3))
LONG = "Lorem ipsum dolor sit amet " * 20
EXCEPT = "\\ .^$*+?()[{|"


def talking_shop() -> Shop:
    shop = Shop()
    shop.conversation("blender")
    shop.say("blender", 0, "visitor", text="Hello, is anybody there?")
    shop.say("blender", 1, "agent", text=f"{LONG}The BLÉNDER  is\nback on Monday. {LONG}")
    shop.say("blender", 2, "visitor", text="And the blender jug?")
    shop.conversation("parts")
    shop.say("parts", 0, "visitor", text="My blender")
    shop.say("parts", 1, "system", text="Somebody joins on Monday")
    shop.say("parts", 2, "human", text="It’s broken, isn't it; a Mixer-Großteil?")
    shop.conversation("silent")
    shop.say("silent", 0, "visitor", text=None)
    shop.conversation("hostile")
    shop.say("hostile", 0, "visitor", text=f"<b>blen</b>der {EXCEPT} ' \u0301")
    shop.conversation("endless")
    shop.say("endless", 0, "visitor", text="x" * LOOKED_AT + " needle")
    shop.conversation("early", at=MIDNIGHT - timedelta(seconds=1))
    shop.say("early", 5, "agent", text="blender monday")
    shop.conversation("late", at=MIDNIGHT + timedelta(days=1))
    shop.say("late", -60 * 24 * 40, "agent", text="A campaign of last month")  # before the shopper answered it
    shop.say("late", 0, "visitor", text="a" * (LONGEST - 20) + "éclair")
    shop.conversation("blender", account_id="other", at=MIDNIGHT)
    shop.add("messages", "other", message_id="x", conversation_id="parts", position=1, text="broken needle")
    return shop


@pytest.fixture(scope="module")
def reader(read: Read) -> Reader:
    return read(talking_shop())


def with_words(reader: Reader, words: str) -> set[str]:
    account, asked = account_of(reader), replace(ALL, words=words)
    these = {one.conversation_id for one in page(reader, account, asked)}
    assert count(reader, account, asked) == len(these)
    return these


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("blender", {"blender", "parts"}),
        ("MÓNDAY blénder", {"blender", "parts"}),  # each in a message of its own
        ('"blender is back"', {"blender"}),  # whatever blanks there are
        ("\u201eblender is\u201c", {"blender"}),
        ("\u00ab blender is \u00bb monday", {"blender"}),
        ('"monday blender"', set()),
        ('blender "jug', {"blender"}),  # of a phrase that is still being written
        ("grossteil", {"parts"}),
        ("großTEIL it's ISN’T", {"parts"}),
        ("gros", {"parts"}),  # on the way to what follows: half of ß
        ("STEIL", {"parts"}),
        ('"mixer-gros"', {"parts"}),
        ('"gros steil"', set()),
        ("joins", {"parts"}),
        ("ende", {"blender", "parts"}),
        (EXCEPT, {"hostile"}),
        ("</b>der", {"hostile"}),
        ("campaign", {"late"}),
        ("needle", {"endless"}),
        ("a" * (LONGEST - 20) + "eclair", {"late"}),
        ("x" * LONGEST, {"endless"}),
        ("nowhere", set()),
        ("%", set()),
    ],
)
def test_words_are_found_in_all_messages_of_a_conversation(reader: Reader, words: str, expected: set[str]) -> None:
    assert with_words(reader, words) == expected


@pytest.mark.parametrize("words", ["", " ", '""', '"', "\u0301", '" "'])
def test_no_words_ask_for_nothing(reader: Reader, words: str) -> None:
    assert terms(words) == ()
    assert len(with_words(reader, words)) == 6
    assert found(reader, account_of(reader), ["blender"], words) == {}


def test_each_conversation_shows_the_first_place_where_a_word_stands(reader: Reader) -> None:
    places = found(reader, account_of(reader), ["blender", "parts", "silent"], "monday blender")
    assert set(places) == {"blender", "parts"}
    one = places["blender"]
    assert one.message_id == "blender/1"
    assert one.piece[one.start : one.end] == "BLÉNDER"
    assert one.start == 60
    assert len(one.piece) == 60 + len("BLÉNDER") + 140
    assert places["parts"] == Found("parts/0", "My blender", 3, 10)
    (jug,) = found(reader, account_of(reader), ["blender"], '"BLENDER jug"').values()
    assert (jug.message_id, jug.piece[jug.start : jug.end]) == ("blender/2", "blender jug")
    assert found(reader, account_of(reader), ["parts"], "needle") == {}  # another account's
    assert found(reader, account_of(reader), [], "blender") == {}


def test_a_place_beyond_what_is_looked_at_has_no_mark(reader: Reader) -> None:
    (one,) = found(reader, account_of(reader), ["endless"], "needle").values()
    assert (one.message_id, one.start, one.end, len(one.piece)) == ("endless/0", 0, 0, 140)


def test_a_reader_who_may_see_no_texts_is_told_so(read_limited: Read) -> None:
    """An empty list looked as if nobody had said it."""
    limited = read_limited(talking_shop())
    account = account_of(limited)
    with pytest.raises(InputError, match="words: texts of messages are withheld from this reader"):
        count(limited, account, replace(ALL, words="blender"))
    assert found(limited, account, ["blender"], "blender") == {}
    assert count(limited, account, replace(ALL, open_reasons=("running",))) == 0


def test_reasons_of_hand_offs_come_by_how_often_they_are_given(read: Read) -> None:
    shop = Shop()
    for number, reason in enumerate(["b", "a", "b", None, "c", "c", "c"]):
        shop.conversation(f"c{number}", "routed", escalation_reason=reason)
    shop.conversation("earlier", "routed", escalation_reason="d", at=MIDNIGHT - timedelta(days=1))
    reader = read(shop)
    assert escalation_reasons(reader, account_of(reader), ALL.first, ALL.last) == ("c", "b", "a")
