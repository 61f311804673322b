"""From our definitions to Klaviyo's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flows.audiences.definition import (
    Ago,
    AllTime,
    Condition,
    Definition,
    Funnel,
    MarketingConsent,
    MetricFilter,
    Part,
    ProfileMetric,
    ProfileProperty,
    Segment,
    Since,
    Step,
    Timeframe,
)
from flows.audiences.klaviyo.names import WINDOWS, KlaviyoMetrics, Unsayable, klaviyo_property
from flows.audiences.metrics import METRICS, PROFILE
from flows.audiences.writing import plain

Document = dict[str, Any]
REACHED = {True: "implicitly_or_explicitly_reachable", False: "implicitly_or_explicitly_unreachable"}


def definition_for(definition: Definition, metrics: KlaviyoMetrics) -> Document:
    """The definition as Klaviyo's API takes it. Raises Unsayable with every reason why it cannot."""
    groups: list[Document] = []
    refused: list[str] = []
    for at, group in enumerate(definition.condition_groups):
        conditions = list[Document]()
        for place, one in enumerate(group.conditions):
            try:
                conditions.append(_condition(one, metrics))
            except Unsayable as why:
                refused.append(f"condition_groups.{at}.conditions.{place}: {why}")
        groups.append({"conditions": conditions})
    if refused:
        raise Unsayable("; ".join(refused))
    return {"condition_groups": groups}


def lost(segment: Segment) -> Iterator[str]:
    """What of a segment Klaviyo has no word for, though its definition can be said."""
    if segment.suppress_open_handoffs:
        yield "Klaviyo does not hold back who waits for a person (suppress_open_handoffs)"
    if segment.accounts:
        yield f"Klaviyo does not know that it is for {', '.join(segment.accounts)} alone"


def _whole(part: Part) -> Document:
    found = plain(part.model_dump())
    assert isinstance(found, dict)  # noqa: S101  a part is a mapping
    return found


def _condition(condition: Condition, metrics: KlaviyoMetrics) -> Document:
    if isinstance(condition, ProfileMetric):
        return {
            "type": condition.type,
            **_events(condition, metrics),
            "measurement": condition.measurement,
            "measurement_filter": _whole(condition.measurement_filter),
            "timeframe_filter": _timeframe(condition.timeframe_filter),
        }
    if isinstance(condition, Funnel):
        return _funnel(condition, metrics)
    if isinstance(condition, MarketingConsent):
        return _consent(condition)
    assert isinstance(condition, ProfileProperty)  # noqa: S101  the only other one
    name = klaviyo_property(condition.property, PROFILE, "profiles")
    return {"type": condition.type, "property": name, "filter": _whole(condition.filter)}


def _events(part: ProfileMetric | Step, metrics: KlaviyoMetrics) -> Document:
    metric_id = metrics.id_of(METRICS[part.metric])
    filters = [_filter(one, part.metric) for one in part.metric_filters]
    return {"metric_id": metric_id, "metric_filters": filters or None}


def _filter(one: MetricFilter, metric: str) -> Document:
    name = klaviyo_property(one.property, METRICS[metric].properties, f"the metric {metric!r}")
    return {"property": name, "filter": _whole(one.filter)}


def _timeframe(frame: Timeframe) -> Document:
    if isinstance(frame, Ago):  # "between 10 and 20 days ago", says its specification
        return {**_whole(frame), "start": frame.end, "end": frame.start}
    return _whole(frame)


def _funnel(funnel: Funnel, metrics: KlaviyoMetrics) -> Document:
    frame = funnel.timeframe_filter
    if isinstance(frame, AllTime | Since):
        known = "in-the-last, at-least, between or between-static"
        raise Unsayable(f"Klaviyo has no funnel with the time {frame.operator}; use {known}")
    window = funnel.completion_window_seconds
    if window is not None and window not in WINDOWS:
        same = next((name for name, hours in WINDOWS.items() if hours == funnel.hours), None)
        if same is None:
            raise Unsayable(f"Klaviyo has no completion window {window}; it has {', '.join(WINDOWS)}")
        window = same
    steps = [{"metric_exists": step.metric_exists, **_events(step, metrics)} for step in funnel.steps]
    return {
        "type": funnel.type,
        "timeframe_filter": _timeframe(frame),
        "completion_window_seconds": window,
        "steps": steps,
    }


def _consent(condition: MarketingConsent) -> Document:
    """WhatsApp is a permission there; of SMS, whoever can be reached has subscribed."""
    channel, can = condition.consent.channel, condition.consent.can_receive_marketing
    if channel == "whatsapp":
        permission = {"reachable_status": REACHED[can]}
        return {"type": "profile-permissions", "permission": permission, "channel": "whatsapp_marketing"}
    subscription = "subscribed" if channel == "sms" and can else "any"
    status = {"subscription": subscription}
    consent = {"channel": channel, "can_receive_marketing": can, "consent_status": status}
    return {"type": condition.type, "consent": consent}
