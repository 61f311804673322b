"""From Klaviyo's definitions to ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flows.audiences.keys import key_of
from flows.audiences.klaviyo.names import KlaviyoMetrics, Unsayable, property_of
from flows.audiences.klaviyo.writing import REACHED, Document
from flows.audiences.metrics import METRICS, PROFILE, Property

ELSEWHERE: Mapping[str, str] = {
    "profile-group-membership": "lists and segments of Klaviyo are not known here",
    "profile-region": "where profiles live is not known here",
    "profile-postal-code-distance": "where profiles live is not known here",
    "profile-predictive-analytics": "Klaviyo's predictions are not known here",
    "profile-has-custom-object": "Klaviyo's custom objects are not known here",
    "profile-not-in-flow": "Klaviyo's flows are not known here, and only they have this condition",
    "profile-not-sent-email": "Klaviyo's flows are not known here, and only they have this condition",
    "profile-not-sent-push": "Klaviyo's flows are not known here, and only they have this condition",
    "profile-not-sent-sms": "Klaviyo's flows are not known here, and only they have this condition",
    "profile-sample": "samples are of Klaviyo's flows alone",
    "metric-property": "Klaviyo's flows are not known here, and only they have this condition",
    "action-output": "Klaviyo's flows are not known here, and only they have this condition",
}
OPERATORS: Mapping[str, str] = {
    "in-the-next": "events lie in the past here",
    "anniversary": "anniversaries are not known here",
    "anniversary-last": "anniversaries are not known here",
    "anniversary-next": "anniversaries are not known here",
    "anniversary-month": "anniversaries are not known here",
    "calendar-month": "months of any year are not known here",
    "contains-substring": "lists are compared by whole elements here",
    "not-contains-substring": "lists are compared by whole elements here",
    "phone-country-code-in": "countries of phone numbers are not known here",
    "phone-country-code-not-in": "countries of phone numbers are not known here",
}
NOT_BOTH = "whether marketing may reach a profile is all that is known here, not"


@dataclass(frozen=True)
class KlaviyoSegment:
    """A segment as Klaviyo describes it: its id and name where it says so, and its definition."""

    id: str | None
    name: str | None
    definition: Any


def segments_in(document: Any) -> list[KlaviyoSegment]:
    """Those of an answer of `GET /api/segments` or of one of them, of what was sent to make one, or of a definition."""
    if isinstance(document, dict) and "data" in document:
        data = document["data"]
        return [one for each in (data if isinstance(data, list) else [data]) for one in segments_in(each)]
    if isinstance(document, list):
        return [one for each in document for one in segments_in(each)]
    if isinstance(document, dict):
        attributes = document.get("attributes", document)
        if isinstance(attributes, dict) and isinstance(attributes.get("definition"), dict):
            named, name = document.get("id"), attributes.get("name")
            return [KlaviyoSegment(named and str(named), name and str(name), attributes["definition"])]
        if "condition_groups" in document:
            return [KlaviyoSegment(None, None, document)]
    raise Unsayable("this is not a segment of Klaviyo: it has no definition with condition_groups")


def definition_from(definition: Any, metrics: KlaviyoMetrics) -> Document:
    """The definition in our words, to be validated. Raises Unsayable with every reason why it cannot be said."""
    groups: list[Document] = []
    refused: list[str] = []
    for at, group in enumerate(_list(definition, "condition_groups")):
        conditions = list[Document]()
        for place, one in enumerate(_list(group, "conditions")):
            try:
                conditions.append(_condition(_mapping(one, "a condition"), metrics))
            except Unsayable as why:
                refused.append(f"condition_groups.{at}.conditions.{place}: {why}")
        groups.append({"conditions": conditions})
    if refused:
        raise Unsayable("; ".join(refused))
    return {"condition_groups": groups}


def _mapping(value: Any, what: str) -> Document:
    if not isinstance(value, dict):
        raise Unsayable(f"{what} of Klaviyo is an object, not {str(value)[:60]!r}")
    return value


def _list(value: Any, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    if not isinstance(found, list):
        raise Unsayable(f"this is not a definition of Klaviyo: it has no list of {key}")
    return found


def _condition(one: Document, metrics: KlaviyoMetrics) -> Document:
    kind = one.get("type")
    if kind in ELSEWHERE:
        raise Unsayable(f"{kind}: {ELSEWHERE[str(kind)]}")
    if kind == "profile-metric":
        return {**_events(one, metrics), **_timed(one)}
    if kind == "profile-metric-funnel":
        steps = [_events(_mapping(step, "a step"), metrics) for step in _list(one, "steps")]
        return {**one, **_timed(one), "steps": steps}
    if kind == "profile-property":
        name = property_of(str(one.get("property")), PROFILE, "profiles")
        return {**one, "property": name, "filter": _filter(one.get("filter"), PROFILE[name])}
    if kind == "profile-marketing-consent":
        return _consent(_mapping(one.get("consent"), "a consent"))
    if kind == "profile-permissions":
        return _permission(one)
    raise Unsayable(f"the condition {kind!r} of Klaviyo is not known here")


def _events(one: Document, metrics: KlaviyoMetrics) -> Document:
    metric = metrics.ours(str(one.get("metric_id"))).name
    given = one.get("metric_filters") or []
    filters = [_metric_filter(_mapping(each, "a filter"), metric) for each in given]
    kept = {name: value for name, value in one.items() if name not in {"metric_id", "metric_filters"}}
    return {**kept, "metric": metric, **({"metric_filters": filters} if filters else {})}


def _metric_filter(one: Document, metric: str) -> Document:
    ours = METRICS[metric].properties
    name = property_of(str(one.get("property")), ours, f"the metric {metric!r}")
    return {**one, "property": name, "filter": _filter(one.get("filter"), ours[name])}


def _filter(given: Any, ours: Property) -> Document:
    one = _mapping(given, "a filter")
    operator = str(one.get("operator"))
    if operator.startswith("length-"):
        raise Unsayable(f"the filter {operator}: how long a list is cannot be asked here")
    if one.get("type") == "date":
        raise Unsayable(f"the filter {operator}: properties that are dates are not known here")
    _is_known(operator)
    if one.get("type") == "list" and ours.type != "list":
        what = f"a list in Klaviyo and one text here, which {operator} cannot ask of"
        raise Unsayable(f"{ours.klaviyo} is {what}; Klaviyo's filters of type string ask of it alike on both sides")
    if one.get("type") == "list" and operator in {"contains", "not-contains"}:
        raise Unsayable(f"the filter {operator} of a list is written {operator}-any here, with a list")
    if one.get("type") == "string" and one.get("value") is None:
        raise Unsayable(f"the filter {operator} has no value; whether there is one is asked with is-set or not-set")
    return one


def _timed(one: Document) -> Document:
    """The time of a condition; Klaviyo writes it always."""
    frame = _mapping(one.get("timeframe_filter"), "a time")
    _is_known(str(frame.get("operator")))
    return {"timeframe_filter": frame}


def _is_known(operator: str) -> None:
    if operator in OPERATORS:
        raise Unsayable(f"the operator {operator}: {OPERATORS[operator]}")


def _consent(consent: Document) -> Document:
    channel, can = consent.get("channel"), consent.get("can_receive_marketing")
    if channel == "push":
        raise Unsayable("push notifications are not known here")
    status = _mapping(consent.get("consent_status"), "a consent_status")
    if status.get("filters"):
        raise Unsayable(f"{NOT_BOTH} how and when it was allowed (consent_status.filters)")
    subscription = status.get("subscription")
    if subscription != "any" and not (channel == "sms" and can is True and subscription == "subscribed"):
        raise Unsayable(f"{NOT_BOTH} who has {str(subscription).replace('_', ' ')} (consent_status.subscription)")
    return _reach(channel, can)


def _permission(one: Document) -> Document:
    if one.get("channel") != "whatsapp_marketing":
        raise Unsayable(f"permissions of {one.get('channel')} are not known here, only those of whatsapp_marketing")
    status = _mapping(one.get("permission"), "a permission").get("reachable_status")
    for can, name in REACHED.items():
        if status == name and not one["permission"].get("filters"):
            return _reach("whatsapp", can)
    raise Unsayable(f"{NOT_BOTH} whether that was said or meant (reachable_status {status})")


def _reach(channel: Any, can: Any) -> Document:
    return {"type": "profile-marketing-consent", "consent": {"channel": channel, "can_receive_marketing": can}}


def keys_of(segments: list[KlaviyoSegment]) -> Iterator[str]:
    """A key for each, from its name: lower case, and no two alike."""
    taken = set[str]()
    for one in segments:
        base = key_of(one.name or "") or key_of(f"segment_{one.id or ''}")
        key = base
        number = 2
        while key in taken:
            key, number = f"{base}_{number}", number + 1
        taken.add(key)
        yield key
