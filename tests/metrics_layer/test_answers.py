"""The answers, the report, the page's figures and MetricFlow say the same of whatever is asked."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from flows.answers.catalogue import Metric, metrics
from flows.ground.home import Home
from flows.published.accounts import published_account
from flows.published.intervals import wilson
from flows.published.performance import key_figures
from flows.published.report import report
from flows.published.spans import UNITS
from flows.warehouses.reader import Reader
from tests.answers.serving import Server, serving
from tests.metrics_layer.conftest import Ask
from tests.metrics_layer.shop import ACCOUNTS
from tests.metrics_layer.test_metrics import COMPARED, LAST, OF_HANDOFFS, OF_MINUTES, OF_SKILLS, of, reported

CHANNELS = ("web_chat", "sms", "email", "whatsapp")
BY_AS_METRICFLOW = {"report": "conversation", "handoffs": "handoff", "skills": "message"}
WHOLE = [*COMPARED, *OF_HANDOFFS, *OF_MINUTES]
SEEDS = range(8)
SUMMED = {"count", "money"}


@pytest.fixture(scope="module")
def server(published: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("serving"), "--home", str(published.root)) as one:
        yield one


class Question:
    """A random one, always the same for a seed."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(seed)
        self.account = rng.choice(ACCOUNTS)
        self.first = LAST - timedelta(days=rng.randrange(60))
        self.last = self.first + timedelta(days=rng.choice((0, 1, 6, 29, 90)))
        self.channels = tuple(rng.sample(CHANNELS, rng.randrange(len(CHANNELS))))

    def asked(self, names: list[str], by: str | None = None) -> dict[str, str]:
        told = {"account": self.account, "from": str(self.first), "to": str(self.last), "metrics": ",".join(names)}
        grouped = {"by": by} if by else {}
        return {**told, **grouped, **({"channels": ",".join(self.channels)} if self.channels else {})}

    def where(self, told: str) -> tuple[str, ...]:
        """The same for MetricFlow."""
        entity = "handoff" if told == "handoffs" else "conversation"
        names = ", ".join(f"'{one}'" for one in self.channels)
        dimension = f"{{{{ Dimension('{entity}__channel') }}}} in ({names})"
        return (*of(self.account, self.first, self.last), *((dimension,) if names else ()))


def as_answered(name: str, value: Any) -> Any:
    """A figure of ours or of MetricFlow, which has doubles for money, as the answers have it."""
    if value is not None and metrics()[name].unit == "money":
        exact = value if isinstance(value, Decimal) else Decimal(repr(value))
        return str(exact.quantize(Decimal("0.0001"), ROUND_HALF_UP))
    return value


def values(document: dict[str, Any]) -> dict[str, Any]:
    return {one["metric"]: one["value"] for one in document["figures"]}


@pytest.mark.parametrize("seed", SEEDS)
def test_answers_report_page_and_metricflow_say_the_same(ask: Ask, reader: Reader, server: Server, seed: int) -> None:
    question = Question(seed)
    answered: dict[str, Any] = {}
    documents = []
    for at in range(0, len(WHOLE), 20):
        documents.append(server.json("v1/query", **question.asked(WHOLE[at : at + 20])))
        answered |= values(documents[-1])
    first, last, channels = question.first, question.last, question.channels

    told = report(reader, question.account, first, last, channels)
    assert {name: answered[name] for name in COMPARED} == {
        name: as_answered(name, value) for name, value in reported(told).items() if name in COMPARED
    }
    assert told.handoffs
    handed = told.handoffs.to_json_dict()
    assert {name: answered[name] for name in OF_HANDOFFS} == {name: handed[of_] for name, of_ in OF_HANDOFFS.items()}

    page = key_figures(reader, published_account(reader, question.account), first, last, channels)
    shown = {name: page.to_json_dict()[name] for name in page.to_json_dict() if name in answered}
    assert len(shown) > 10
    assert {name: answered[name] for name in shown} == shown
    assert answered["ai_sales"] == f"{page.attributed_revenue:.4f}"

    asked_of = {"report": COMPARED, "handoffs": [*OF_HANDOFFS, *OF_MINUTES]}
    for part, names in asked_of.items():
        (row,) = ask(list(names), [], *question.where(part))
        assert {name: answered[name] for name in names} == {
            name: pytest.approx(one, rel=1e-12) if isinstance(one := as_answered(name, row[name]), float) else one
            for name in names
        }


@pytest.mark.parametrize("seed", SEEDS)
def test_a_quotient_is_that_of_its_parts_and_its_interval_is_wilsons(server: Server, seed: int) -> None:
    question, quotients = Question(100 + seed), [one for one in metrics().values() if one.numerator and one.denominator]
    names = [one.name for one in quotients]
    parts = sorted({part for one in quotients for part in (one.numerator, one.denominator) if part})
    found: dict[str, dict[str, Any]] = {}
    for at in range(0, len(names + parts), 20):
        told = server.json("v1/query", **question.asked((names + parts)[at : at + 20]))
        found |= {one["metric"]: one for one in told["figures"]}
    for one in quotients:
        figure = found[one.name]
        assert figure["numerator"] == found[str(one.numerator)]["value"]
        assert figure["denominator"] == found[str(one.denominator)]["value"]
        if not figure["denominator"]:
            assert (figure["value"], bool(figure["reason"])) == (None, True)
        elif one.unit == "rate":
            assert figure["value"] == figure["numerator"] / figure["denominator"]
            interval = wilson(figure["numerator"], figure["denominator"])
            assert interval
            assert figure["interval"] == list(interval)
        else:
            assert "interval" not in figure


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("part", ["report", "handoffs", "skills"])
def test_groups_are_those_of_metricflow(ask: Ask, server: Server, part: str, seed: int) -> None:
    """By everything that they can be made of; groups of nothing have a row in one of them and not in the other."""
    question = Question(200 + seed)
    every: list[Metric] = [one for one in metrics().values() if one.told == part]
    names = [one.name for one in every][:20]
    for by in every[0].by:
        document = server.json("v1/query", **question.asked(names, by))
        assert document["groups_left_out"] == 0
        found = {one["group"]: values(one) for one in document["groups"]}
        dimension = f"metric_time__{by}" if by in UNITS else f"{BY_AS_METRICFLOW[part]}__{by}"
        rows = ask(names, [dimension], *question.where(part))
        expected = {group_of(row[dimension], question.first): row for row in rows}
        counts = [one.name for one in every if one.name in names and one.unit in SUMMED and not one.numerator]
        nothing = dict.fromkeys(names, 0)
        for group in found.keys() | expected.keys():
            ours, theirs = found.get(group, nothing), expected.get(group, nothing)
            assert {name: Decimal(ours[name] or 0) for name in counts} == {
                name: Decimal(as_answered(name, theirs[name]) or 0) for name in counts
            }, (by, group)


def group_of(key: Any, first: date) -> str:
    """The group as the answers name it: a span begins within the range."""
    if key is None:
        return ""
    return str(max(first, key.date())) if hasattr(key, "date") else str(key)


@pytest.mark.parametrize("name", [one.name for one in metrics().values() if not one.has_to_be_grouped])
def test_the_rows_behind_a_figure_are_as_many_as_it_counts(server: Server, name: str) -> None:
    """They are found by the expression with which the metrics layer counts them, the figure by the report's SQL."""
    first, last, channels = LAST - timedelta(days=20), LAST - timedelta(days=1), ("email", "sms")
    asked = {"account": ACCOUNTS[0], "from": str(first), "to": str(last), "channels": ",".join(channels)}
    told = server.json("v1/explain", **asked, metric=name)
    counted = next((one for one in told["made_of"]), told["figure"])
    rows = told["behind"]
    if rows["metric"] == "attributed_orders":
        assert counted["value"] <= rows["rows"]  # distinct ones
    elif metrics()[rows["metric"]].unit == "count" and rows["metric"] != "add_to_cart_items":
        assert rows["rows"] == counted["value"]
    elif rows["rows"] <= 10 and "median" not in rows["metric"]:
        assert sum(Decimal(one["counts"]) for one in rows["newest"]) == Decimal(counted["value"])
    assert len(rows["newest"]) == min(10, rows["rows"])
    assert all(str(first) <= one["date"] <= str(last) and one["channel"] in channels for one in rows["newest"])


def test_every_figure_that_can_be_asked_for_is_compared() -> None:
    assert {*WHOLE, *OF_SKILLS} == set(metrics())
