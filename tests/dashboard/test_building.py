"""What is chosen on the page becomes the definition that says it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flows.audiences import read
from flows.audiences.metrics import METRICS
from flows.audiences.wording import in_words
from flows.audiences.writing import yaml_of
from flows.dashboard.building import FILTERS, PLACES, built

ESCALATED = "Conversation with Customer Agent escalated"
RECOMMENDED = "Received product recommendation from Customer Agent"


def chosen(*conditions: dict[str, Any], name: str = "Käufer 2026", holds_back: bool = True) -> dict[str, Any]:
    nothing = {"did": "did", "metric": "", "times": 1, "days": 30, **{what: [] for what in FILTERS}}
    every = [{**nothing, **one} for one in [*conditions, *[{}] * PLACES][:PLACES]]
    return {"name": name, "holds_back": holds_back, **{str(place): one for place, one in enumerate(every)}}


@pytest.mark.parametrize(
    ("condition", "rule"),
    [
        ({"metric": ESCALATED}, f"Shoppers who had “{ESCALATED}” at least once in the last 30 days."),
        (
            {"metric": ESCALATED, "times": 2, "days": 0, "channels": ["email", "sms"], "tags": ["Returns"]},
            f"Shoppers who had “{ESCALATED}” (channel is one of “email”, “sms” and tag is one of “Returns”)"
            " at least 2 times at any time.",
        ),
        (
            {"did": "did not", "metric": "Placed Order", "times": 5, "days": 7},
            "Shoppers who had no “Placed Order” in the last 7 days.",
        ),
        (
            {"metric": RECOMMENDED, "products": ["9001"]},
            f"Shoppers who had “{RECOMMENDED}” (product ids has one of “9001”) at least once in the last 30 days.",
        ),
        (
            {"metric": "Had conversation", "skills": ["sizes"], "times": None, "days": None},
            "Shoppers who had “Had conversation” (final skill is one of “sizes”) at least once at any time.",
        ),
    ],
)
def test_a_choice_is_the_definition_that_says_it(condition: dict[str, Any], rule: str, tmp_path: Path) -> None:
    found = built(chosen(condition))
    assert found.segment
    assert in_words(found.segment.definition) == (rule,)
    file = tmp_path / f"{found.key}.yml"
    file.write_text(yaml_of(found.segment), "utf-8")
    assert file.name == "kaeufer_2026.yml"
    assert read(file).segment == found.segment  # whoever keeps it has this segment


def test_all_conditions_have_to_hold() -> None:
    found = built(chosen({}, {"metric": ESCALATED}, {"did": "did not", "metric": "Placed Order"}, holds_back=False))
    assert found.segment
    assert len(found.segment.definition.condition_groups) == 2
    assert found.segment.suppress_open_handoffs is False


def test_what_events_do_not_have_is_said() -> None:
    found = built(chosen({"metric": "Placed Order", "channels": ["email"], "tags": ["x"]}))
    assert found.segment is None
    assert "“Placed Order” has no channel; “Placed Order” has no tag" in found.what


def test_nothing_is_made_of_nothing_and_a_name_can_wait() -> None:
    assert (built(chosen()).segment, built(chosen()).what) == (None, "")
    found = built(chosen({"metric": ESCALATED}, name=" "))
    assert (found.key, found.what) == ("new_segment", "It has no name yet.")
    assert "null character" in built(chosen({"metric": ESCALATED}, name="a\0b")).what


@pytest.mark.parametrize("metric", METRICS)
def test_every_event_can_be_chosen(metric: str) -> None:
    assert built(chosen({"metric": metric})).segment
