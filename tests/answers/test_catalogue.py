"""The list of metrics is that of the metrics layer, and says of each what an answer needs."""

from __future__ import annotations

import pytest

from contract.generate import catalogue
from flows.answers.catalogue import BY, OF_ZERO, metric, metrics
from flows.answers.valued import OF_HANDOFFS, OF_RATES, OF_SKILLS
from flows.ground.errors import InputError
from flows.published.figures import RATES


def test_it_has_every_metric_of_the_metrics_layer_under_its_name() -> None:
    assert set(metrics()) == {one["name"] for one in catalogue.metrics()}
    assert set(OF_HANDOFFS) == {one.name for one in metrics().values() if one.told == "handoffs"}
    assert set(OF_SKILLS) == {one.name for one in metrics().values() if one.told == "skills"}
    assert set(OF_RATES) == {one.name for one in metrics().values() if one.told == "report" and one.unit == "rate"}


def test_each_says_what_it_is_by_which_rules_and_when_it_counts() -> None:
    for one in metrics().values():
        assert one.title
        assert one.definition.count(".") >= 1
        assert OF_ZERO not in one.definition  # an answer has null there, and not 0
        assert one.rules
        assert one.date.endswith("_on")
        assert one.by == BY[one.told]


def test_quotients_have_units_and_parts_that_can_be_asked_for() -> None:
    units = {name: one.unit for name, one in metrics().items()}
    assert [units[one] for one in ("volume", "resolution_rate", "ai_sales", "average_order_value")] == [
        "count",
        "rate",
        "money",
        "money",
    ]
    assert [units[one] for one in ("minutes_to_reply", "median_minutes_to_reply", "timed_replies")] == [
        "minutes",
        "minutes",
        "count",
    ]
    for one in metrics().values():
        assert (one.numerator is None) == (one.denominator is None)
        if one.numerator and one.denominator:
            assert units[one.denominator] == "count"
            assert (one.unit == "rate") == (units[one.numerator] == "count")
    for rate in RATES:
        assert set(metric(rate.name).needs) >= {*rate.counted, *rate.withdrawn}


@pytest.mark.parametrize("name", ["", "volum", "x" * 5000, "Volume", "__class__"])
def test_an_unknown_name_is_no_metric(name: str) -> None:
    with pytest.raises(InputError, match="there is no metric") as told:
        metric(name)
    assert len(str(told.value)) < 300
