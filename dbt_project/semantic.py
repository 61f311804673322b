"""The semantic models and the metrics of models/semantic, as their YAML says them.

MetricFlow reads the same files through dbt; this reads them without it. Something that a class here does not know is an
error, so that nothing is left out in silence.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

FOLDER = Path(__file__).parent / "models" / "semantic"
# Ids are unique in their account only, so that MetricFlow, which joins by one value, gets account and id as one text.
WITH_ACCOUNT = re.compile(r"concat\(length\(account_id\), ':', account_id, (\w+)\)")


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Entity(_Written):
    """What rows are of (`primary`), or belong to (`foreign`): the key of a join."""

    name: str
    type: Literal["primary", "foreign"]
    expr: str
    description: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that `expr` is made of. Raises ValueError where it is made in a way that is not known here."""
        if found := WITH_ACCOUNT.fullmatch(self.expr):
            return "account_id", found[1]
        if not self.expr.isidentifier():
            raise ValueError(f"the entity {self.name} is made in an unknown way: {self.expr}")
        return (self.expr,)


class TimeParameters(_Written):
    """How fine a time dimension is."""

    time_granularity: Literal["day"]


class Dimension(_Written):
    """What can be grouped by: the column of that name, or `expr`."""

    name: str
    type: Literal["categorical", "time"]
    description: str
    expr: str | None = None
    type_params: TimeParameters | None = None


class Measure(_Written):
    """What metrics count: `expr` of each row, aggregated."""

    name: str
    agg: Literal["sum", "count_distinct", "median"]
    expr: str


class Defaults(_Written):
    """The date by which the measures of a model count."""

    agg_time_dimension: str


class SemanticModel(_Written):
    """A published table; `model` is dbt's reference to it."""

    name: str
    description: str
    model: str
    entities: tuple[Entity, ...]
    dimensions: tuple[Dimension, ...]
    measures: tuple[Measure, ...] = ()
    defaults: Defaults | None = None

    @property
    def table(self) -> str:
        """The table of the schema `metrics`."""
        return self.model.removeprefix("ref('").removesuffix("')")

    @property
    def primary(self) -> Entity:
        """What a row is of."""
        return next(one for one in self.entities if one.type == "primary")


class MeasureInput(_Written):
    """A measure, and the figure where there is none; without it there is no figure."""

    name: str
    fill_nulls_with: Literal[0] | None = None


class SimpleParameters(_Written):
    """Of what a simple metric is made."""

    measure: MeasureInput


class RatioParameters(_Written):
    """The metrics that are divided."""

    numerator: str
    denominator: str


class _Metric(_Written):
    name: str
    label: str
    description: str
    filter: str | None = None
    config: dict[str, Any] | None = None


class SimpleMetric(_Metric):
    """A measure, of the rows that the filter lets through."""

    type: Literal["simple"]
    type_params: SimpleParameters


class RatioMetric(_Metric):
    """A metric divided by another one; null where there is nothing to divide by."""

    type: Literal["ratio"]
    type_params: RatioParameters


Metric = Annotated[SimpleMetric | RatioMetric, Field(discriminator="type")]


class TimeSpine(_Written):
    """The model of all days, which MetricFlow asks of every project."""

    model: str
    standard_granularity_column: str


@cache
def semantic_models() -> tuple[SemanticModel, ...]:
    """All of them, by their names."""
    found = TypeAdapter(list[SemanticModel]).validate_python(_entries("semantic_models"))
    return tuple(sorted(found, key=lambda one: one.name))


@cache
def metrics() -> tuple[SimpleMetric | RatioMetric, ...]:
    """All of them, in the order of the files."""
    return tuple(TypeAdapter(list[Metric]).validate_python(_entries("metrics")))


def parts(metric: RatioMetric) -> tuple[SimpleMetric | RatioMetric, SimpleMetric | RatioMetric]:
    """Numerator and denominator."""
    named = {one.name: one for one in metrics()}
    return named[metric.type_params.numerator], named[metric.type_params.denominator]


def measured(metric: SimpleMetric) -> tuple[SemanticModel, Measure]:
    """What the metric aggregates, and the model that has it."""
    name = metric.type_params.measure.name
    return next((model, one) for model in semantic_models() for one in model.measures if one.name == name)


def time_spines() -> list[TimeSpine]:
    """The models that hold nothing but days."""
    spines = [(one["name"], one["time_spine"]) for one in _entries("models") if "time_spine" in one]
    return [TimeSpine(model=name, **spine) for name, spine in spines]


def _entries(kind: str) -> list[dict[str, Any]]:
    files = sorted(FOLDER.glob("*.yml"))
    return [one for file in files for one in yaml.safe_load(file.read_text("utf-8")).get(kind, [])]
