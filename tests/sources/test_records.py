"""What does not fit a record's description is the refusal of that record, and what nobody expected is told once."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from flows.lake import Lake
from flows.sources.api import Amount, Flag, Id, Instant, Listed, Loosely, Record, Text, Unknown, Whole
from flows.sources.api.rows import reason
from tests.sources import test_zendesk
from tests.sources.fake_zendesk import FakeZendesk
from tests.sources.pulled import pulled


class Score(Record):
    score: Text = None


class Extras(Record):
    size: Text = None

    is_open = True


class Order(Record):
    id: Id
    amount: Amount = 0  # type: ignore[assignment]
    scores: Listed[Score] = ()
    rating: Loosely[Score] = None
    extras: Loosely[Extras] = None
    at: Instant = None
    is_test: Flag = False
    count: Whole = None

    not_read = "note address"


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({}, "it has no id"),
        ({"id": ""}, "it has no id"),
        ({"id": {"id": 1}}, "id \"{'id': 1}\" is not a text"),
        ({"id": True}, "id 'True' is not a text"),
        ({"id": "7\ud83d"}, "id '7\\ud83d' is not an id"),
        ({"id": 1, "amount": "twenty"}, "amount 'twenty' is not a number"),
        ({"id": 1, "amount": float("nan")}, "amount 'nan' is not a number"),
        ({"id": 1, "scores": [{}, {"score": []}]}, "scores.1.score '[]' is not a text"),
        ({"id": 1, "scores": ["good"]}, "scores.0 'good' is not an object"),
        ({"id": 1, "at": "tomorrow"}, "at 'tomorrow' is not a time"),
        ({"id": 1, "at": "0001-01-01T00:00:00+01:00"}, "at '0001-01-01T00:00:00+01:00' is not a time"),
        ({"id": 1, "count": True}, "count 'True' is not a number"),
        (["id"], "\"['id']\" is not an object"),
        (None, "'None' is not an object"),
    ],
)
def test_the_reason_says_where_and_what(record: Any, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Order.read(record, Unknown())
    assert reason(refused.value) == said


def test_null_single_objects_and_numbers_as_text_are_read() -> None:
    given = {"id": 7.0, "amount": None, "scores": {"score": 5}, "at": 1700000000, "is_test": None, "count": "3"}
    order = Order.read(given, Unknown())
    assert (order.id, order.scores[0].score, order.count) == ("7", "5", 3)
    assert order.amount == 0
    assert (order.at, order.is_test, order.rating) == ("2023-11-14T22:13:20+00:00", False, None)


def test_what_is_kept_gives_the_same_record_again_and_nothing_else() -> None:
    given = {"id": 1, "amount": "2.50", "scores": [{"score": "a", "by": "Ann"}], "note": "private"}
    order = Order.read(given, Unknown())
    assert order.kept() == {"id": "1", "amount": "2.50", "scores": [{"score": "a"}]}
    assert Order.read(order.kept(), Unknown()) == order


def test_half_of_a_character_is_kept_where_anything_may_stand() -> None:
    """It refused its record when the payload was made."""

    class Ticket(Record):
        fields: Any = None

    given = {"fields": {"note": ["half \ud83d", {"\ud83d": 1}]}}
    assert Ticket.read(given, Unknown()).kept() == given


def test_what_nobody_expected_is_counted_by_name_alone() -> None:
    unknown = Unknown()
    for number in range(3):
        Order.read({"id": number, "note": "private", "new": "Ann", "rating": "good"}, unknown)
    assert unknown.besides(()) == {"Order.new": 3, "Order.rating = ?": 3}
    assert unknown.besides(["Order.new"]) == {"Order.rating = ?": 3}


def test_names_of_the_shops_own_are_no_news_and_not_kept_either() -> None:
    unknown = Unknown()
    order = Order.read({"id": 1, "extras": {"size": 44, "colour": "Ann's"}}, unknown)
    assert order.kept() == {"id": "1", "extras": {"size": "44"}}
    assert unknown.besides(()) == {}


def test_a_pull_tells_unknown_fields_once(lake: Lake) -> None:
    with FakeZendesk() as desk:
        desk.ticket(1, test_zendesk.NOON, mood="Ann is cross")
        first = pulled("zendesk", test_zendesk.client(desk), lake)
        desk.ticket(2, test_zendesk.NOON, mood="Ann is glad", shoe_size=44)
        second = pulled("zendesk", test_zendesk.client(desk), lake)
        third = pulled("zendesk", test_zendesk.client(desk), lake)
    assert first.unknown_fields == {"Ticket.mood": 1}
    assert second.unknown_fields == {"Ticket.shoe_size": 1}
    assert third.unknown_fields == {}
