"""A second reading of definitions (chapter 12): who meets one, from the rows of the published tables, without SQL."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from flows.audiences import definition as asked
from tests.audiences.happened import READINGS, Shop, Shopper, happened, properties

HOURS = {"hour": 1, "day": 24, "week": 7 * 24}
END = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Event:
    shopper: Shopper
    at: datetime
    value: Decimal


def shoppers(shop: Shop) -> set[Shopper]:
    """Everybody of whom can be asked: known shoppers, and conversations whose shopper nobody knows."""
    known = {(row["account_id"], f"p/{row['profile_id']}") for row in shop["profiles"]}
    return known | {
        (row["account_id"], f"c/{row['conversation_id']}") for row in shop["conversations"] if row["profile_id"] is None
    }


def members(shop: Shop, definition: asked.Definition, as_of: datetime) -> set[Shopper]:
    """Who meets every group, by one of its conditions."""
    found = shoppers(shop)
    for group in definition.condition_groups:
        found &= set[Shopper]().union(*(_meet(shop, one, as_of) for one in group.conditions))
    return found


def _meet(shop: Shop, condition: asked.Condition, as_of: datetime) -> set[Shopper]:
    if isinstance(condition, asked.ProfileMetric):
        return _measured(shop, condition, as_of)
    if isinstance(condition, asked.Funnel):
        return _funnel(shop, condition, as_of)
    if isinstance(condition, asked.MarketingConsent):
        return _consenting(shop, condition.consent)
    column = {"phone_number": "phone"}.get(condition.property, condition.property)
    rows = (row for row in shop["profiles"] if holds(row[column], condition.filter))
    return {(row["account_id"], f"p/{row['profile_id']}") for row in rows}


def _consenting(shop: Shop, consent: asked.Consent) -> set[Shopper]:
    wanted = {"reachable"} if consent.can_receive_marketing else {"no_address", "not_allowed"}
    rows = (row for row in shop["profile_reach"] if row[f"{consent.channel}_reach"] in wanted)
    return {(row["account_id"], f"p/{row['profile_id']}") for row in rows}


def _measured(shop: Shop, condition: asked.ProfileMetric, as_of: datetime) -> set[Shopper]:
    measured = dict.fromkeys(shoppers(shop), Decimal(0))
    for event in events(shop, condition.metric, condition.metric_filters, as_of):
        if event.shopper in measured and _within(event.at, condition.timeframe_filter, as_of):
            measured[event.shopper] += event.value if condition.measurement == "sum" else 1
    return {shopper for shopper, measure in measured.items() if holds(measure, condition.measurement_filter)}


def _funnel(shop: Shop, funnel: asked.Funnel, as_of: datetime) -> set[Shopper]:
    steps = [defaultdict[Shopper, list[datetime]](list) for _ in funnel.steps]
    for step, by_shopper in zip(funnel.steps, steps, strict=True):
        for event in events(shop, step.metric, step.metric_filters, as_of):
            by_shopper[event.shopper].append(event.at)
    return {
        shopper
        for shopper, begun in steps[0].items()
        for at in begun
        if _within(at, funnel.timeframe_filter, as_of)
        and _goes_on(at, funnel, [by_shopper[shopper] for by_shopper in steps], as_of)
    }


def _goes_on(began: datetime, funnel: asked.Funnel, steps: Sequence[Sequence[datetime]], as_of: datetime) -> bool:
    """Whether the steps after the first one follow it: each is the first that comes after the one before."""
    until, reached = later(began, funnel.hours), began
    for step, came in zip(funnel.steps[1:], steps[1:], strict=True):
        following = [at for at in came if reached < at <= until]
        if step.metric_exists:
            if not following:
                return False
            reached = min(following)
        elif following or (funnel.hours is not None and until > as_of):
            return False
    return True


def later(at: datetime, hours: int | None) -> datetime:
    """The instant so many hours later; the end of time without hours, or where there is no such instant."""
    try:
        return END if hours is None else at + timedelta(hours=hours)
    except OverflowError:
        return END


def events(shop: Shop, metric: str, filters: Sequence[asked.MetricFilter], as_of: datetime) -> list[Event]:
    """Those that came until as-of and of which the filters hold."""
    value = READINGS[metric].value
    return [
        Event(shopper, at, Decimal(row[value] or 0) if value else Decimal(0))
        for shopper, at, row in happened(shop, metric)
        if at <= as_of and all(holds(properties(metric, row)(one.property), one.filter) for one in filters)
    ]


def _within(at: datetime, frame: asked.Timeframe, as_of: datetime) -> bool:
    if isinstance(frame, asked.Relative):
        is_young = at > as_of - timedelta(hours=frame.quantity * HOURS[frame.unit])
        return is_young if frame.operator == "in-the-last" else not is_young
    if isinstance(frame, asked.Ago):
        start, end = (as_of - timedelta(hours=one * HOURS[frame.unit]) for one in (frame.start, frame.end))
        return start < at <= end
    if isinstance(frame, asked.Since):
        return at >= frame.date if frame.operator == "after" else at < frame.date
    return isinstance(frame, asked.AllTime) or frame.start <= at < frame.end


def holds(value: Any, of: asked.Filter) -> bool:
    """Whether a filter holds of a value; what is null meets only what says `not`."""
    if isinstance(of, asked.Existence):
        return (value is not None) == (of.operator == "is-set")
    if isinstance(of, asked.YesNo):
        return bool(value) == of.value
    says_not = of.operator.startswith("n")
    if value is None:
        return says_not
    if isinstance(of, asked.Number):
        return _compared(value, of)
    if isinstance(of, asked.Elements):
        found = [one in value for one in of.value]
        return (any(found) if of.operator.endswith("any") else all(found)) != says_not
    return _matches(value, of) != says_not


def _compared(value: Any, of: asked.Number) -> bool:
    number, wanted = Decimal(value), of.value
    return {
        "equals": number == wanted,
        "not-equals": number != wanted,
        "greater-than": number > wanted,
        "greater-than-or-equal": number >= wanted,
        "less-than": number < wanted,
        "less-than-or-equal": number <= wanted,
    }[of.operator]


def _matches(value: str, of: asked.Words) -> bool:
    wanted = of.value
    if isinstance(wanted, tuple):
        return value in wanted
    return {
        "equals": value == wanted,
        "contains": wanted in value,
        "starts-with": value.startswith(wanted),
        "ends-with": value.endswith(wanted),
        "regex": "regex" in of.operator and re.search(wanted, value) is not None,
    }[of.operator.removeprefix("not-").replace("nregex", "regex")]
