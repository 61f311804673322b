"""What is chosen on the page becomes the definition that says it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.audiences import read
from flows.audiences.metrics import METRICS
from flows.audiences.wording import in_words
from flows.audiences.writing import yaml_of
from flows.dashboard.building import FILTERS, MOST_DAYS, MOST_TIMES, PLACES, Built, asked, built
from flows.published.filters import joined

ESCALATED = "Conversation with Customer Agent escalated"
LINE = ("did", "metric", "times", "days", *FILTERS)
RECOMMENDED = "Received product recommendation from Customer Agent"


def made(*conditions: dict[str, str], name: str = "Käufer 2026", holds_back: str = "yes") -> Built:
    """Of the lines of the form, as its address has them."""
    lines = {f"{what}{place}": value for place, one in enumerate(conditions) for what, value in one.items()}
    chosen = asked({"name": name, **({"holds_back": holds_back} if holds_back else {}), **lines})
    return built(chosen, name="Neues Segment", description="Auf der Seite gemacht.")


@pytest.mark.parametrize(
    ("condition", "rule"),
    [
        ({"metric": ESCALATED}, f"Shoppers who had “{ESCALATED}” at least once in the last 30 days."),
        (
            {"metric": ESCALATED, "times": "2", "days": "0", "channels": "email,sms", "tags": "Returns"},
            f"Shoppers who had “{ESCALATED}” (channel is one of “email”, “sms”, and tag is “Returns”)"
            " at least 2 times at any time.",
        ),
        (
            {"did": "did not", "metric": "Placed Order", "times": "5", "days": "7"},
            "Shoppers who had no “Placed Order” in the last 7 days.",
        ),
        (
            {"metric": RECOMMENDED, "products": "9001"},
            f"Shoppers who had “{RECOMMENDED}” (product ids has one of “9001”) at least once in the last 30 days.",
        ),
        (
            {"metric": "Had conversation", "skills": joined(("a, b", "[x]")), "times": "x", "days": "-1"},
            "Shoppers who had “Had conversation” (final skill is one of “a, b”, “[x]”)"
            " at least once in the last 30 days.",
        ),
    ],
)
def test_a_choice_is_the_definition_that_says_it(condition: dict[str, str], rule: str, tmp_path: Path) -> None:
    found = made(condition)
    assert found.segment
    assert [*map(str, in_words(found.segment.definition))] == [rule]
    file = tmp_path / f"{found.key}.yml"
    file.write_text(yaml_of(found.segment), "utf-8")
    assert file.name == "kaeufer_2026.yml"
    assert read(file).segment == found.segment  # whoever keeps it has this segment


def test_all_conditions_have_to_hold() -> None:
    found = made({}, {"metric": ESCALATED}, {"did": "did not", "metric": "Placed Order"}, holds_back="")
    assert found.segment
    assert len(found.segment.definition.condition_groups) == 2
    assert found.segment.suppress_open_handoffs is False


def test_what_events_do_not_have_is_said() -> None:
    found = made({"metric": "Placed Order", "channels": "email", "tags": "x"})
    assert found.segment is None
    assert "“Placed Order” has no channel. “Placed Order” has no tag" in " ".join(map(str, found.what))


def test_nothing_is_made_of_nothing_and_a_name_can_wait() -> None:
    assert (made().segment, made().what) == (None, ())
    assert (made({"metric": "Party"}).segment, made({"metric": "Party"}).what) == (None, ())
    found = made({"metric": ESCALATED}, name=" ")
    assert (found.key, str(found.what[0])) == ("neues_segment", "It has no name yet.")
    (said,) = made({"metric": ESCALATED}, name="a\0b").what
    assert "signs that cannot be seen" in str(said)


def test_a_segment_without_a_name_is_called_in_the_words_of_who_makes_it() -> None:
    found = made({"metric": ESCALATED}, name="")
    assert found.segment
    assert (found.segment.name, found.segment.description) == ("Neues Segment", "Auf der Seite gemacht.")


def test_the_form_begins_with_holding_back_and_keeps_what_was_taken_off() -> None:
    """A box that is not ticked is not sent."""
    assert asked({}).holds_back
    assert asked({"name": "x"}).holds_back
    assert not asked({"name": "x", "metric0": ""}).holds_back
    assert asked({"metric0": "", "holds_back": "yes"}).holds_back


@given(
    st.dictionaries(
        st.sampled_from(["name", "holds_back", *(f"{what}{at}" for at in range(4) for what in LINE)]),
        st.text() | st.sampled_from([*METRICS, "did not", "9" * 9, "9" * 10, "٣", "-1", "0", "[", '["a", ""]', "a,b"]),
    )
)
def test_whatever_an_address_holds_is_a_form(query: dict[str, str]) -> None:
    """And the segment that it makes is read back as it is, or it is said why there is none."""
    form = asked(query)
    assert len(form.conditions) == PLACES
    assert all(1 <= one.times <= MOST_TIMES and 0 <= one.days <= MOST_DAYS for one in form.conditions)
    found = built(form, name="New segment", description="Made on the page.")
    assert (found.segment is None) is (found.key == "")
    assert found.segment or found.what or not any(one.metric for one in form.conditions)


@pytest.mark.parametrize("metric", METRICS)
def test_every_event_can_be_chosen(metric: str) -> None:
    assert made({"metric": metric}).segment
