"""The JSON Schema of a segment's file, by which editors complete names and mark mistakes while somebody writes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from flows.audiences.definition import FILTERS, Segment
from flows.audiences.metrics import METRICS, PROFILE, Property

TITLE = "Generated from flows/audiences; `make generate` writes it anew. A segment of customer-agent-metrics"


def schema() -> dict[str, Any]:
    found = _plain(Segment.model_json_schema())
    parts = found["$defs"]
    names = {"enum": list(METRICS), "description": "; ".join(f"{one.name}: {one.about}" for one in METRICS.values())}
    for part in (parts["ProfileMetric"], parts["Step"]):
        part["properties"]["metric"] = names
        part["allOf"] = [_of_metric(name) for name in METRICS]
    every = dict.fromkeys(name for one in METRICS.values() for name in one.properties)
    parts["MetricFilter"]["properties"]["property"] = {"enum": list(every)}
    parts["ProfileProperty"]["properties"]["property"] = {"enum": list(PROFILE)}
    parts["ProfileProperty"]["allOf"] = list(_of_properties(PROFILE))
    return {"$schema": "http://json-schema.org/draft-07/schema#", "$comment": TITLE, **found}


def schema_text() -> str:
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def _of_metric(name: str) -> dict[str, Any]:
    """What the filters of a metric's events may ask of."""
    known = METRICS[name].properties
    item = {"properties": {"property": {"enum": list(known)}}, "allOf": list(_of_properties(known))}
    filters = {"metric_filters": {"items": item}}
    summed = {} if METRICS[name].value else {"measurement": {"enum": ["count"]}}
    return _where({"metric": {"const": name}}, {**filters, **summed})


def _of_properties(known: Any) -> Iterable[dict[str, Any]]:
    """What kind of filter each property takes."""
    kinds: dict[str, list[str]] = {}
    for name, one in known.items():
        assert isinstance(one, Property)  # noqa: S101  as in both tables
        kinds.setdefault(one.type, []).append(name)
    for kind, names in kinds.items():
        types = {"type": {"enum": [FILTERS[kind], "existence"]}}
        yield _where({"property": {"enum": names}}, {"filter": {"properties": types}})


def _where(condition: dict[str, Any], then: dict[str, Any]) -> dict[str, Any]:
    return {"if": {"properties": condition, "required": list(condition)}, "then": {"properties": then}}


def _plain(part: Any) -> Any:
    """Without the titles that pydantic makes of names, and null where Klaviyo writes it for none."""
    if isinstance(part, list):
        return [_plain(one) for one in part]
    if not isinstance(part, dict):
        return part
    found = {name: _plain(one) for name, one in part.items() if name != "title" or isinstance(one, dict)}
    if found.get("items") == {"$ref": "#/$defs/MetricFilter"}:
        found["type"] = ["array", "null"]
    found.pop("discriminator", None)  # of OpenAPI
    return found
