"""A definition of a segment from what somebody chooses on the page: the choices, and the segment that they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.audiences import Misfit, Segment
from flows.audiences.keys import key_of
from flows.audiences.metrics import METRICS
from flows.audiences.reading import segment_of
from flows.ground.saying import Text
from flows.published.filters import split

PLACES = 3  # conditions, all of which have to hold
LONGEST_NAME = 100
MOST_TIMES, MOST_DAYS = 10_000, 3_650
# What is chosen, in words, and the properties of events that it asks of: the first that the metric has.
FILTERS = {
    "channels": ("channel",),
    "tags": ("tag",),
    "skills": ("final_skill", "initial_skill"),
    "products": ("product_id", "product_ids"),
}
PARTS = ("metric", "did", "times", "days", *FILTERS)  # of a condition, each with the number of its place
ASKS = frozenset({"name", "holds_back", *(f"{part}{place}" for part in PARTS for place in range(PLACES))})

LACKING = {
    "channels": "“%(metric)s” has no channel.",
    "tags": "“%(metric)s” has no tag.",
    "skills": "“%(metric)s” has no skill.",
    "products": "“%(metric)s” has no product.",
}


@dataclass(frozen=True)
class Condition:
    """What one line of the form holds; without a metric it asks nothing."""

    is_wanted: bool
    metric: str
    times: int
    days: int
    filters: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Asked:
    name: str
    holds_back: bool
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Built:
    """What was chosen as a segment, with its key; else, or besides, what is wrong or still missing."""

    segment: Segment | None
    key: str
    what: tuple[Text, ...]


def asked(query: Mapping[str, str]) -> Asked:
    """What the form of an address holds; what it does not know is as the form begins."""
    conditions = tuple(_condition(query, place) for place in range(PLACES))
    is_sent = any(name.startswith("metric") for name in query)
    return Asked(query.get("name", "")[:LONGEST_NAME].strip(), not is_sent or "holds_back" in query, conditions)


def built(chosen: Asked, *, name: str, description: str) -> Built:
    """The segment that was chosen; `name` is for the one that has none yet."""
    conditions = [one for one in chosen.conditions if one.metric]
    if not conditions:
        return Built(None, "", ())
    lacking = sorted({(one.metric, LACKING[what]) for one in conditions for what in _lacking(one)})
    if lacking:
        told = (Text.of(text, metric=Text(metric)) for metric, text in lacking)
        return Built(None, "", (*told, Text.of("Take that choice back, or choose something else.")))
    key = key_of(chosen.name or name) or "new_segment"
    document = {
        "name": chosen.name or name,
        "description": description,
        "suppress_open_handoffs": chosen.holds_back,
        "definition": {"condition_groups": [{"conditions": [_document(one)]} for one in conditions]},
    }
    try:
        segment = segment_of(Path(f"{key}.yml"), document)
    except Misfit:  # a choice is as the page offers it, so it is the name, or an address that nobody's form made
        return Built(None, "", (Text.of("There cannot be such a segment: take out signs that cannot be seen."),))
    return Built(segment, key, () if chosen.name else (Text.of("It has no name yet."),))


def _condition(query: Mapping[str, str], place: int) -> Condition:
    metric = query.get(f"metric{place}", "")
    return Condition(
        query.get(f"did{place}", "did") != "did not",
        metric if metric in METRICS else "",
        _number(query.get(f"times{place}"), 1, 1, MOST_TIMES),
        _number(query.get(f"days{place}"), 30, 0, MOST_DAYS),
        {what: _values(query.get(f"{what}{place}")) for what in FILTERS},
    )


def _values(text: str | None) -> tuple[str, ...]:
    try:
        return split(text) if text else ()
    except ValueError:
        return ()


def _number(text: str | None, start: int, least: int, most: int) -> int:
    is_number = text is not None and text.isascii() and text.isdecimal() and len(text) < 10
    return min(max(int(text), least), most) if is_number and text else start


def _document(one: Condition) -> dict[str, Any]:
    """A condition as definitions write it."""
    frame = {"operator": "in-the-last", "unit": "day", "quantity": one.days} if one.days else {"operator": "alltime"}
    return {
        "type": "profile-metric",
        "metric": one.metric,
        "measurement_filter": {
            "type": "numeric",
            "operator": "greater-than-or-equal" if one.is_wanted else "equals",
            "value": one.times if one.is_wanted else 0,
        },
        "timeframe_filter": frame,
        "metric_filters": list(_filters(one)),
    }


def _filters(one: Condition) -> Iterator[dict[str, Any]]:
    known = METRICS[one.metric].properties
    for what, names in FILTERS.items():
        if not one.filters[what]:
            continue
        name = next(name for name in names if name in known)
        is_list = known[name].type == "list"
        kind = {"type": "list", "operator": "contains-any"} if is_list else {"type": "string", "operator": "in"}
        yield {"property": name, "filter": {**kind, "value": list(one.filters[what])}}


def _lacking(one: Condition) -> Iterator[str]:
    """What was chosen and the events do not have."""
    known = METRICS[one.metric].properties
    for what, names in FILTERS.items():
        if one.filters[what] and not any(name in known for name in names):
            yield what
