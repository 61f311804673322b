"""What Klaviyo calls things: metrics have ids, events and profiles have properties with names of their own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from flows.audiences.definition import WINDOW
from flows.audiences.metrics import METRICS, Metric, Property, near
from flows.ground.errors import InputError
from flows.sources.klaviyo.properties import METRICS as SPELLINGS
from flows.sources.klaviyo.properties import normal

# The completion windows of its funnels, and how many hours each has.
WINDOWS: Mapping[str, int] = {
    "HOURS_1": 1,
    "DAYS_1": 24,
    "DAYS_3": 3 * 24,
    "DAYS_5": 5 * 24,
    "WEEKS_1": 7 * 24,
    "DAYS_30": 30 * 24,
    "DAYS_90": 90 * 24,
    "DAYS_180": 180 * 24,
    "YEARS_1": 365 * 24,
}
assert all(WINDOW.fullmatch(name) for name in WINDOWS)  # noqa: S101  ours can say each of them


class Unsayable(Exception):
    """Why something of one side cannot be said on the other one."""


@dataclass(frozen=True)
class KlaviyoMetrics:
    """The metrics of an account of Klaviyo: the name of each id."""

    names: Mapping[str, str]

    @classmethod
    def of_answer(cls, text: str, where: str) -> Self:
        """From what `GET /api/metrics` answered, one page or a list of pages, or from an object of ids and names."""
        try:
            answer = json.loads(text)
        except ValueError as error:
            raise InputError(f"this is not JSON: {error}", where=where, remedy=_REMEDY) from None
        return cls(dict(_names(answer, where)))

    def ours(self, metric_id: str) -> Metric:
        """Our metric of an id."""
        name = self.names.get(metric_id)
        if name is None:
            raise Unsayable(f"the metric with the id {metric_id!r} is not among the metrics that were given")
        for one in METRICS.values():
            if one.klaviyo and normal(name) in _spellings(one.klaviyo):
                return one
        raise Unsayable(f"there is no metric here for Klaviyo's {name!r}")

    def id_of(self, metric: Metric) -> str:
        """Klaviyo's id of one of our metrics."""
        if metric.klaviyo is None:
            raise Unsayable(f"Klaviyo has no metric {metric.name!r}: it is derived here")
        found = [one for spelling in _spellings(metric.klaviyo) for one in self._ids.get(spelling, ())]
        if not found:
            raise Unsayable(f"the metric {metric.name!r} is not among those of the account that were given")
        if len(found) > 1:
            ids = ", ".join(sorted(found))
            raise Unsayable(
                f"Klaviyo has several metrics {metric.name!r}, of several integrations ({ids}); "
                "leave the one that counts in the file of metrics"
            )
        return found[0]

    @cached_property
    def _ids(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for metric_id, name in self.names.items():
            found.setdefault(normal(name), []).append(metric_id)
        return found


_REMEDY = 'give the answer of GET /api/metrics, or an object of ids and names such as {"XyZ123": "Placed Order"}'


def _names(answer: Any, where: str) -> Iterable[tuple[str, str]]:
    if isinstance(answer, list):
        for page in answer:
            yield from _names(page, where)
    elif isinstance(answer, dict) and isinstance(answer.get("data"), list):
        for one in answer["data"]:
            try:
                yield str(one["id"]), str(one["attributes"]["name"] or "")
            except (KeyError, TypeError):
                raise InputError("a metric has no id or no name", where=where, remedy=_REMEDY) from None
    elif isinstance(answer, dict) and all(isinstance(name, str) for name in answer.values()):
        yield from answer.items()
    else:
        raise InputError("these are not metrics of Klaviyo", where=where, remedy=_REMEDY)


def _spellings(name: str) -> list[str]:
    """The name and all that Klaviyo has called it so far, as they are compared."""
    known = next((all_of for all_of in SPELLINGS.values() if normal(name) in map(normal, all_of)), (name,))
    return list(dict.fromkeys(map(normal, known)))


def property_of(name: str, ours: Mapping[str, Property], of: str) -> str:
    """Our name of one of Klaviyo's properties; other labels of the same thing are known, too."""
    label = next((all_of for all_of in _labels() if normal(name) in map(normal, all_of)), (name,))
    for our_name, one in ours.items():
        if one.klaviyo and normal(one.klaviyo) in map(normal, (name, *label)):
            return our_name
    known = [one.klaviyo for one in ours.values() if one.klaviyo]
    raise Unsayable(f"there is nothing here for Klaviyo's property {name!r} of {of}{near(name, known)}")


def _labels() -> tuple[tuple[str, ...], ...]:
    """All labels of each property, as the source knows them."""
    from flows.sources.klaviyo import mapping  # noqa: PLC0415  it brings dlt, which a list of segments has no need of

    return mapping.CHANNEL, mapping.SKILL, mapping.TAGS, mapping.REASON, mapping.PRODUCTS


def klaviyo_property(name: str, ours: Mapping[str, Property], of: str) -> str:
    """Klaviyo's name of one of our properties."""
    found = ours[name].klaviyo
    if found is None:
        raise Unsayable(f"Klaviyo has no property {name!r} of {of}")
    return found
