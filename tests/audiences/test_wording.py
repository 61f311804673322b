"""Definitions in words: nobody but their author could read the YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flows.audiences import Definition, segments
from flows.audiences.wording import in_words


def said(*groups: list[dict[str, Any]]) -> tuple[str, ...]:
    definition = Definition.model_validate({"condition_groups": [{"conditions": one} for one in groups]})
    return tuple(map(str, in_words(definition)))


def ordered(operator: str, value: float, **more: Any) -> dict[str, Any]:
    measured = {"type": "numeric", "operator": operator, "value": str(value)}
    return {"type": "profile-metric", "metric": "Placed Order", "measurement_filter": measured, **more}


def only(filter_: dict[str, Any], property_: str = "status", metric: str = "Had conversation") -> dict[str, Any]:
    filters = [{"property": property_, "filter": filter_}]
    return {**ordered("equals", 0), "metric": metric, "metric_filters": filters}


@pytest.mark.parametrize(
    ("operator", "value", "words"),
    [
        ("equals", 0, "had no “Placed Order” at any time"),
        ("less-than", 1, "had no “Placed Order” at any time"),
        ("greater-than", 0, "had “Placed Order” at least once at any time"),
        ("greater-than-or-equal", 2, "had “Placed Order” at least 2 times at any time"),
        ("equals", 1, "had “Placed Order” exactly once at any time"),
        ("not-equals", 3, "had “Placed Order” other than 3 times at any time"),
        ("less-than-or-equal", 1000, "had “Placed Order” at most 1,000 times at any time"),
    ],
)
def test_counts(operator: str, value: float, words: str) -> None:
    assert said([ordered(operator, value)]) == (f"Shoppers who {words}.",)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ({"operator": "in-the-last", "unit": "day", "quantity": 14}, "in the last 14 days"),
        ({"operator": "in-the-last", "unit": "hour", "quantity": 1}, "in the last hour"),
        ({"operator": "at-least", "unit": "week", "quantity": 1}, "1 week ago or earlier"),
        ({"operator": "between", "unit": "day", "start": 30, "end": 7}, "between 30 and 7 days ago"),
        ({"operator": "after", "date": "2026-06-01"}, "since 1 Jun 2026"),
        ({"operator": "before", "date": "2026-06-01T10:00:00Z"}, "before 2026-06-01T10:00:00Z"),
        (
            {"operator": "between-static", "start": "2026-06-01", "end": "2026-06-08"},
            "from 1 Jun 2026 to before 8 Jun 2026",
        ),
    ],
)
def test_times(frame: dict[str, Any], words: str) -> None:
    assert said([ordered("equals", 0, timeframe_filter={"type": "date", **frame})]) == (
        f"Shoppers who had no “Placed Order” {words}.",
    )


@pytest.mark.parametrize(
    ("filter_", "property_", "words"),
    [
        ({"type": "string", "operator": "not-in", "value": ["a", "b"]}, "status", "status is none of “a”, “b”"),
        ({"type": "string", "operator": "in", "value": ["a"]}, "status", "status is “a”"),
        ({"type": "string", "operator": "not-in", "value": ["a"]}, "status", "status is not “a”"),
        ({"type": "string", "operator": "contains", "value": "a"}, "final_skill", "final skill has in it “a”"),
        ({"type": "existence", "operator": "not-set"}, "rating", "rating is not known"),
        ({"type": "numeric", "operator": "less-than", "value": "2.50"}, "rating", "rating is less than 2.5"),
        ({"type": "numeric", "operator": "equals", "value": "10"}, "rating", "rating is 10"),
        ({"type": "boolean", "value": False}, "met_a_person", "met a person: no"),
    ],
)
def test_properties(filter_: dict[str, Any], property_: str, words: str) -> None:
    assert said([only(filter_, property_)]) == (f"Shoppers who had no “Had conversation” ({words}) at any time.",)


def test_groups_are_sentences_and_conditions_are_joined_by_or() -> None:
    lists = {"type": "list", "operator": "contains-all", "value": ["a", "b"]}
    consent = {"type": "profile-marketing-consent", "consent": {"channel": "sms", "can_receive_marketing": False}}
    steps = [
        {"metric": "Clicked Link"},
        {"metric": "Placed Order"},
        {"metric": "Cancelled Order", "metric_exists": False},
    ]
    funnel = {"type": "profile-metric-funnel", "completion_window_seconds": "DAYS_1", "steps": steps}
    name = {"type": "profile-property", "property": "name", "filter": {"type": "existence", "operator": "is-set"}}
    total = ordered("greater-than", 99.5, measurement="sum")
    products = only(lists, "product_ids", "Received product recommendation from Customer Agent")
    assert said([funnel, name], [total, consent], [products]) == (
        "Shoppers who had “Clicked Link” at any time, then “Placed Order”, and no “Cancelled Order” after it, "
        "all within 1 day, or have a profile whose name is known.",
        "They also had “Placed Order” at any time, whose values add up to more than 99.5, "
        "or may not be sent marketing by SMS, or have no address for it.",
        "They also had no “Received product recommendation from Customer Agent” "
        "(product ids has all of “a”, “b”) at any time.",
    )


@pytest.mark.parametrize(
    ("operator", "value", "words"),
    [
        ("in", ["a", "b"], "status is one of “A of status”, “B of status”"),
        ("not-equals", "a", "status is not “A of status”"),
        ("contains", "a", "status has in it “a”"),  # a part of a value has no name
        ("regex", "a", "status matches the pattern “a”"),
    ],
)
def test_values_are_called_as_people_call_them(operator: str, value: str | list[str], words: str) -> None:
    asked = [only({"type": "string", "operator": operator, "value": value})]
    definition = Definition.model_validate({"condition_groups": [{"conditions": asked}]})
    (rule,) = in_words(definition, lambda name, one: f"{one.upper()} of {name}")
    assert words in str(rule)


def test_counts_of_no_whole_number_are_said_as_they_are() -> None:
    assert said([ordered("less-than", 1.5)]) == ("Shoppers who had “Placed Order” less than 1.5 at any time.",)


def test_every_shipped_definition_can_be_said() -> None:
    found, problems = segments(Path("nowhere"), shipped=True)
    assert problems == []
    for one in found:
        assert all(str(sentence).endswith(".") for sentence in in_words(one.segment.definition)), one.key
