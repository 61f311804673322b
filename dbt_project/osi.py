"""The semantic models and the metrics as one document of the Open Semantic Interchange (`osi_document`).

What the standard has no word for goes into extensions of the vendor DBT, as dbt writes it: nothing is lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import contract
from contract.types import TYPES
from dbt_project.osi_document import (
    AIContext,
    Dataset,
    DialectExpression,
    DimensionRole,
    Document,
    Expression,
    Extension,
    OsiField,
    OsiMetric,
    OsiModel,
    Relationship,
)
from dbt_project.semantic import (
    Dimension,
    RatioMetric,
    SemanticModel,
    SimpleMetric,
    measured,
    metrics,
    parts,
    semantic_models,
    time_spines,
)

ABOUT = "What happened in the conversations of a shop's AI customer agent, and what they sold."
BESIDE_THE_STANDARD = (
    "the standard has no word for entities, measures, filters, granularities, the date by which a table counts and the"
    " days that MetricFlow needs; they are in extensions of the vendor DBT"
)
INSTRUCTIONS = (
    "Look at one account at a time: filter by account_id, and join on it, too, because ids are unique in their account"
    " only and money is in the currency of the account. Dates are local dates of the account's time zone. Sum first and"
    " divide last. Counts of distinct orders or conversations do not add up over groups: count anew for the whole."
)
WORDS = re.compile(r"'(?:[^']|'')*'|\w+")  # of SQL: texts and names
DIMENSION = re.compile(r"\{\{ Dimension\('(\w+)__(\w+)'\) \}\}")  # as filters name it: entity and dimension


def document() -> Document:
    """All semantic models and metrics of the project."""
    models = semantic_models()
    model = OsiModel(
        name="customer_agent_metrics",
        description=ABOUT,
        ai_context=AIContext(instructions=INSTRUCTIONS),
        datasets=tuple(map(_dataset, models)),
        relationships=tuple(_relationships(models)),
        metrics=tuple(map(_metric, metrics())),
        custom_extensions=(_extension({"time_spines": [one.model_dump() for one in time_spines()]}),),
    )
    return Document(semantic_model=(model,))


def _dataset(model: SemanticModel) -> Dataset:
    """The table with its dimensions, and with the columns that keys and metrics need beside them."""
    table = contract.metrics()[model.table]
    fields = [_field(one, table) for one in model.dimensions]
    used = [column for entity in model.entities for column in entity.columns]
    used += [word for measure in model.measures for word in _columns(measure.expr, table)]
    for column in map(table.column, dict.fromkeys(used)):
        if column.name not in {one.name for one in fields}:
            told = {"description": column.about, "datatype": TYPES[column.type].osi}
            fields.append(OsiField(name=column.name, expression=_expression(column.name), **told))
    said = model.model_dump(mode="json", include={"model", "entities", "measures", "defaults"}, exclude_none=True)
    return Dataset(
        name=model.name,
        source=f"metrics.{model.table}",
        primary_key=model.primary.columns,
        description=model.description,
        fields=tuple(fields),
        custom_extensions=(_extension(said),),
    )


def _field(dimension: Dimension, table: contract.Table) -> OsiField:
    """A dimension; one that is computed has the type of the column that it is named after."""
    columns = {column.name: column for column in table.columns}
    column = columns.get(dimension.expr or "") or columns.get(dimension.name)
    said = dimension.model_dump(mode="json", include={"type_params"}, exclude_none=True)
    return OsiField(
        name=dimension.name,
        expression=_expression(dimension.expr or dimension.name),
        dimension=DimensionRole(is_time=dimension.type == "time"),
        description=dimension.description,
        datatype=TYPES[column.type].osi if column else None,
        custom_extensions=(_extension(said),) if said else None,
    )


def _relationships(models: Collection[SemanticModel]) -> Iterator[Relationship]:
    of = {model.primary.name: model for model in models}
    for model in models:
        for entity in model.entities:
            if entity.type == "foreign":
                to = of[entity.name]
                yield Relationship(
                    name=f"{model.name}_to_{to.name}",
                    from_=model.name,
                    to=to.name,
                    from_columns=entity.columns,
                    to_columns=to.primary.columns,
                )


def _metric(metric: SimpleMetric | RatioMetric) -> OsiMetric:
    said = metric.model_dump(mode="json", exclude={"name", "description"}, exclude_none=True)
    return OsiMetric(
        name=metric.name,
        expression=_expression(_sql(metric)),
        description=metric.description,
        datatype=datatype(metric),
        ai_context=AIContext(synonyms=(metric.label,)),
        custom_extensions=(_extension(said),),
    )


def _sql(metric: SimpleMetric | RatioMetric) -> str:
    if isinstance(metric, RatioMetric):
        numerator, denominator = parts(metric)
        # Where both are integers, some engines divide without a rest.
        exact = "1.0 * " if datatype(numerator) == "Integer" else ""
        return f"{exact}{_sql(numerator)} / NULLIF({_sql(denominator)}, 0)"
    model, measure = measured(metric)
    table = contract.metrics()[model.table]
    one = _qualified(measure.expr, model.name, [column.name for column in table.columns])
    if measure.expr == "1":  # each row once: its key says which table the rows are of
        one = f"{model.name}.{model.primary.columns[-1]}"
    if metric.filter:
        one = f"CASE WHEN {DIMENSION.sub(_named, metric.filter)} THEN {one} END"
    if measure.expr == "1":
        return f"COUNT({one})"
    return {
        "sum": f"COALESCE(SUM({one}), 0)",
        "count_distinct": f"COUNT(DISTINCT {one})",
        "median": f"PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY {one})",
    }[measure.agg]


def datatype(metric: SimpleMetric | RatioMetric) -> str:
    """OSI's word for the values of a metric: Integer, Decimal or Float."""
    if isinstance(metric, RatioMetric):
        return "Float"
    model, measure = measured(metric)
    if measure.agg == "median":
        return "Float"
    table = contract.metrics()[model.table]
    types = {table.column(name).type for name in _columns(measure.expr, table)}
    return "Decimal" if measure.agg == "sum" and "decimal" in types else "Integer"


def _named(found: re.Match[str]) -> str:
    """The dimension as a metric names it."""
    entity, dimension = found.groups()
    model = next(one for one in semantic_models() if one.primary.name == entity)
    return f"{model.name}.{dimension}"


def _columns(sql: str, table: contract.Table) -> list[str]:
    known = {column.name for column in table.columns}
    return [word for word in WORDS.findall(sql) if word in known]


def _qualified(sql: str, dataset: str, columns: Collection[str]) -> str:
    return WORDS.sub(lambda word: f"{dataset}.{word[0]}" if word[0] in columns else word[0], sql)


def _expression(sql: str) -> Expression:
    return Expression(dialects=(DialectExpression(expression=sql),))


def _extension(said: Mapping[str, Any]) -> Extension:
    return Extension(data=json.dumps(said, ensure_ascii=False))
