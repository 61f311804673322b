"""The metrics that can be asked for: those of the metrics layer, by its names, with what an answer says of them.

Nothing is defined here. Names, titles, definitions and quotients are those of `dbt_project/models/semantic`, what a
figure needs to be measured is that of `flows.published.figures`, and groups are those of the reports.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Literal

from contract import HANDED_OFF
from dbt_project import osi, semantic
from dbt_project.semantic import RatioMetric, SimpleMetric
from flows.ground.errors import InputError
from flows.published import breakdown, figures, handoffs
from flows.published.spans import UNITS

Told = Literal["report", "handoffs", "skills"]  # which part of a report has the figure
Unit = Literal["count", "rate", "money", "minutes"]

RULE = re.compile(r"\brules? (\d+\.\d+)(?: and (\d+\.\d+))?")
SENTENCE = re.compile(r"(?<=[.])\s+(?=[A-Z])")
OF_ZERO = "`measured` says so"  # of tables, where a figure that is not measured is 0; an answer has null there
OF_TABLES: dict[str, Told] = {"handoffs": "handoffs", "messages": "skills"}
BY: dict[Told, tuple[str, ...]] = {
    "report": tuple(one for one in breakdown.DIMENSIONS if one != "skill"),
    "handoffs": (*handoffs.DIMENSIONS, *UNITS),
    "skills": ("skill",),
}
REPORTED_AS = {  # the name that the report has for the figure, where it is another
    "ai_sales": "attributed_revenue",
    "net_ai_sales": "net_attributed_revenue",
    "inferred_sales": "inferred_revenue",
}
# What has to be measured for figures that the report has no name for.
NEEDS = {"handoffs": HANDED_OFF, "durably_resolved": ("recontacted",)}


@dataclass(frozen=True)
class Metric:
    """`rules` are numbers of docs/definitions.md; `date` is the published column by which the figure counts.

    A quotient has the names of its `numerator` and `denominator`. `by` is what groups can be made of, and one of these
    `has_to_be_grouped` where a whole would not be the sum of its groups. `needs` are figures of `metrics.measured`.
    """

    name: str
    title: str
    definition: str
    rules: tuple[str, ...]
    unit: Unit
    told: Told
    date: str
    by: tuple[str, ...]
    numerator: str | None
    denominator: str | None
    needs: tuple[str, ...]

    @property
    def has_to_be_grouped(self) -> bool:
        return self.told == "skills"

    @property
    def counted(self) -> SimpleMetric:
        """The metric of the layer whose rows make the figure: of a quotient, its numerator."""
        return counted(self.name)

    def untold(self, not_measured: Collection[str]) -> tuple[str, ...]:
        """Which of `not_measured` keep the figure from being measured (rule 11.1).

        Hand-offs begin with whatever of them is told, so one of their two figures is enough.
        """
        missing = tuple(one for one in self.needs if one in not_measured)
        return () if self.told == "handoffs" and missing != self.needs else missing


@cache
def metrics() -> dict[str, Metric]:
    """All of them by name, in the order of the metrics layer."""
    return {one.name: _metric(one) for one in semantic.metrics()}


def metric(name: str) -> Metric:
    """The metric of this name. Raises InputError."""
    known = metrics()
    if name not in known:
        near = [one for one in known if name and (name in one or one in name)]
        remedy = f"perhaps {', '.join(near[:5])}" if near else "the list of metrics has their names"
        raise InputError(f"there is no metric {name[:100]!r}", where="metric", remedy=remedy)
    return known[name]


def counted(name: str) -> SimpleMetric:
    """The metric of this name, of a quotient the numerator."""
    found = next(one for one in semantic.metrics() if one.name == name)
    return found if isinstance(found, SimpleMetric) else counted(semantic.parts(found)[0].name)


def _metric(one: SimpleMetric | RatioMetric) -> Metric:
    model, _ = semantic.measured(counted(one.name))
    told = OF_TABLES.get(model.table, "report")
    parts = semantic.parts(one) if isinstance(one, RatioMetric) else None
    return Metric(
        name=one.name,
        title=one.label,
        definition=" ".join(text for text in SENTENCE.split(one.description) if OF_ZERO not in text),
        rules=tuple(dict.fromkeys(rule for found in RULE.findall(one.description) for rule in found if rule)),
        unit=_unit(one),
        told=told,
        date=model.defaults.agg_time_dimension if model.defaults else "",
        by=BY[told],
        numerator=parts[0].name if parts else None,
        denominator=parts[1].name if parts else None,
        needs=_needs(one.name, told),
    )


def _unit(one: SimpleMetric | RatioMetric) -> Unit:
    numerator = counted(one.name)
    _, measure = semantic.measured(numerator)
    if osi.datatype(numerator) == "Decimal":
        return "money"
    if measure.expr in handoffs.MEDIANS:
        return "minutes" if measure.agg in {"sum", "median"} else "count"
    return "rate" if isinstance(one, RatioMetric) else "count"


def _needs(name: str, told: Told) -> tuple[str, ...]:
    if told != "report":
        return ("skill_usage",) if told == "skills" else HANDED_OFF
    return NEEDS.get(name) or figures.MEASURED_AS.get(REPORTED_AS.get(name, name), ())
