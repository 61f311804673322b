"""The catalogue of what is published, docs/metrics.md.

Tables and columns come from the dictionary, metrics and their dimensions from dbt_project/models/semantic, who reads
which table from dbt_project/models/exposures.yml.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import contract
from contract import Column, Table
from contract.generate import semantic
from contract.types import TYPES

PROSE = Path(__file__).with_name("catalogue.md")  # with a mark where the tables go
PAGE = "docs/metrics.md"
EXPOSURES = semantic.SEMANTIC.parent / "exposures.yml"
EXAMPLE = "account,metric_time__week"  # of a metric that brings none of its own in meta.example
METRIC_TIME = (
    "The date by which the metric counts, by `__day`, `__week` (from Monday), `__month`, `__quarter` or `__year`."
)


def files() -> dict[str, str]:
    text = PROSE.read_text("utf-8")
    for mark, lines in (("metrics", _metrics()), ("tables", _tables())):
        text = text.replace(f"<!-- {mark} -->\n", "\n".join(lines) + "\n")
    return {PAGE: text.rstrip() + "\n"}


@cache
def described(kind: str) -> list[dict[str, Any]]:
    """All entries of one kind (metrics, semantic_models) in the YAML files of the semantic models."""
    found = [yaml.safe_load(file.read_text("utf-8")) for file in sorted(semantic.SEMANTIC.glob("*.yml"))]
    return [one for document in found for one in document.get(kind, [])]


def metrics() -> list[dict[str, Any]]:
    """The metrics, in the order of the tables that they are counted from."""
    order = list(contract.metrics())
    return sorted(described("metrics"), key=lambda metric: order.index(_model(metric)["name"]))


def example(metric: dict[str, Any]) -> str:
    """By what to group the metric to see something."""
    return str(metric.get("config", {}).get("meta", {}).get("example", EXAMPLE))


def dimensions(metric: dict[str, Any]) -> dict[str, str]:
    """What the metric can be grouped by, as MetricFlow names it, with a description.

    That is what its table has, and the conversation and the account that it names; of a quotient, what its numerator
    has (both parts have the same).
    """
    models = {model["name"]: model for model in described("semantic_models")}
    own = _model(metric)
    found = {"metric_time": METRIC_TIME}
    for entity in reversed(own["entities"]):
        model = own if entity["type"] == "primary" else models[f"{entity['name']}s"]
        if entity["name"] == "account":
            found["account"] = entity["description"]
        for dimension in model["dimensions"]:
            if dimension["type"] != "time":
                found[f"{entity['name']}__{dimension['name']}"] = semantic.sentence(model["name"], dimension)
    return found


def readers() -> dict[str, list[str]]:
    """Who reads each published table, besides whoever reads all of them, by dbt's exposures."""
    exposures = yaml.safe_load(EXPOSURES.read_text("utf-8"))["exposures"]
    return {
        table: sorted(
            one["label"]
            for one in exposures
            if f"ref('{table}')" in one["depends_on"] and len(one["depends_on"]) < len(contract.metrics())
        )
        for table in contract.metrics()
    }


def _model(metric: dict[str, Any]) -> dict[str, Any]:
    """The semantic model that a metric is counted from."""
    parameters = metric["type_params"]
    if metric["type"] == "ratio":
        metrics = described("metrics")
        return _model(next(one for one in metrics if one["name"] == parameters["numerator"]))
    measure = parameters["measure"]["name"]
    models = described("semantic_models")
    return next(model for model in models if measure in {one["name"] for one in model.get("measures", [])})


def _formula(metric: dict[str, Any]) -> str:
    parameters = metric["type_params"]
    if metric["type"] == "ratio":
        return f"`{parameters['numerator']}` ÷ `{parameters['denominator']}`"
    return str(metric["config"]["meta"]["formula"])


def _metrics() -> Iterator[str]:
    every = metrics()
    yield _row("metric", "what it says", "formula", "counts by")
    yield "|---|---|---|---|"
    for one in every:
        date = f"`{_model(one)['name']}.{_model(one)['defaults']['agg_time_dimension']}`"
        yield _row(f"`{one['name']}`", f"**{one['label']}.** {one['description']}", _formula(one), date)
    yield "\nThey can be grouped and filtered by:\n"
    yield _row("dimension", "of which metrics", "what it is")
    yield "|---|---|---|"
    having: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    for one in every:
        for name, text in dimensions(one).items():
            having.setdefault(name, []).append(one["name"])
            texts.setdefault(name, text)
    for name, of in having.items():
        whose = "all" if len(of) == len(every) else ", ".join(f"`{one}`" for one in of)
        yield _row(f"`{name}`", whose, texts[name])
    yield "\nOne question to try for each:\n"
    for one in every:
        yield f"    mf query --metrics {one['name']} --group-by {example(one)}"
    yield ""


def _tables() -> Iterator[str]:
    tables = contract.metrics().values()
    read_by = readers()
    yield _row("table", "what it holds", "read by")
    yield "|---|---|---|"
    for table in tables:
        yield _row(f"[`{table.name}`](#{table.name})", table.about, ", ".join(read_by[table.name]))
    yield ""
    for table in tables:
        yield f"### {table.name}\n"
        yield f"{table.about} *Grain:* {_names(table.key)}.\n"
        yield _row("column", "type", "may be null", "what it says")
        yield "|---|---|---|---|"
        yield from (_column(table, column) for column in table.columns)
        yield ""


def _column(table: Table, column: Column) -> str:
    name = f"**`{column.name}`**" if column.name in table.key else f"`{column.name}`"
    type_name = TYPES[column.type].noun.removeprefix("a ").removeprefix("an ")
    return _row(name, type_name, "yes" if column.nullable else "", semantic.said(column))


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _row(*cells: str) -> str:
    return f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |"
