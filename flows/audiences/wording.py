"""Definitions in plain English, for people who do not write them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from itertools import chain, repeat

from flows.audiences.definition import (
    Ago,
    AllTime,
    Condition,
    Definition,
    Elements,
    Existence,
    Filter,
    Fixed,
    Funnel,
    MarketingConsent,
    MetricFilter,
    Number,
    ProfileMetric,
    ProfileProperty,
    Relative,
    Since,
    Step,
    Timeframe,
    YesNo,
)

NUMBERS = {
    "equals": "exactly",
    "not-equals": "other than",
    "greater-than": "more than",
    "greater-than-or-equal": "at least",
    "less-than": "less than",
    "less-than-or-equal": "at most",
}
TEXTS = {
    "equals": "is",
    "not-equals": "is not",
    "contains": "has in it",
    "not-contains": "does not have in it",
    "starts-with": "begins with",
    "not-starts-with": "does not begin with",
    "ends-with": "ends with",
    "not-ends-with": "does not end with",
    "in": "is one of",
    "not-in": "is none of",
    "regex": "matches the pattern",
    "nregex": "does not match the pattern",
}
LISTS = {
    "contains-any": ("has one of", ", "),
    "contains-all": ("has all of", ", "),
    "not-contains-any": ("has none of", ", "),
    "not-contains-all": ("does not have all of", ", "),
}
CHANNELS = {"email": "by email", "sms": "by SMS", "whatsapp": "on WhatsApp"}
UNITS = {"HOURS": "hour", "DAYS": "day", "WEEKS": "week", "YEARS": "year"}


def in_words(definition: Definition) -> tuple[str, ...]:
    """A sentence for each group of conditions; a shopper has to meet all of them."""
    said = zip(chain(["Shoppers who"], repeat("They also")), definition.condition_groups, strict=False)
    return tuple(f"{begin} {', or '.join(map(condition_in_words, group.conditions))}." for begin, group in said)


def condition_in_words(condition: Condition) -> str:
    """What the shopper did, is, or allows, as the end of a sentence: `had “Placed Order” at least 2 times`."""
    if isinstance(condition, ProfileMetric):
        return _measured(condition)
    if isinstance(condition, Funnel):
        return _funnel(condition)
    if isinstance(condition, MarketingConsent):
        consent = condition.consent
        channel = CHANNELS[consent.channel]
        if consent.can_receive_marketing:
            return f"may be sent marketing {channel}"
        return f"may not be sent marketing {channel}, or have no address for it"
    assert isinstance(condition, ProfileProperty)  # noqa: S101  the only other one
    return f"have a profile whose {_held(condition.property, condition.filter)}"


def _measured(of: ProfileMetric) -> str:
    event, when = event_in_words(of.metric, of.metric_filters), _time(of.timeframe_filter)
    asked = of.measurement_filter
    if of.measurement == "sum":
        return f"had {event} {when}, whose values add up to {NUMBERS[asked.operator]} {_number(asked.value)}"
    asks = (str(asked.operator), asked.value)
    if asks in {("equals", Decimal(0)), ("less-than", Decimal(1)), ("less-than-or-equal", Decimal(0))}:
        return f"had no {event} {when}"
    if asks in {("greater-than", Decimal(0)), ("greater-than-or-equal", Decimal(1))}:
        return f"had {event} at least once {when}"
    times = "once" if asked.value == 1 else f"{_number(asked.value)} times"
    return f"had {event} {NUMBERS[asked.operator]} {times} {when}"


def _funnel(of: Funnel) -> str:
    first, *rest = of.steps
    said = [f"had {event_in_words(first.metric, first.metric_filters)} {_time(of.timeframe_filter)}"]
    said += [_step(step) for step in rest]
    window = f", all within {window_in_words(of)}" if of.hours else ""
    return f"{', '.join(said)}{window}"


def _step(step: Step) -> str:
    event = event_in_words(step.metric, step.metric_filters)
    return f"then {event}" if step.metric_exists else f"and no {event} after it"


def window_in_words(of: Funnel) -> str:
    """The completion window, such as `2 hours`."""
    unit, _, count = (of.completion_window_seconds or "").partition("_")
    return _counted(int(count), UNITS[unit])


def event_in_words(metric: str, filters: tuple[MetricFilter, ...]) -> str:
    """The metric's name in quotes, with what has to hold of the event in brackets."""
    held = " and ".join(_held(one.property, one.filter) for one in filters)
    return f"“{metric}” ({held})" if held else f"“{metric}”"


def _held(name: str, of: Filter) -> str:
    """`status is “routed”`; properties are called as they are in definitions, with blanks."""
    said = name.replace("_", " ")
    if isinstance(of, Existence):
        return f"{said} is known" if of.operator == "is-set" else f"{said} is not known"
    if isinstance(of, YesNo):
        return f"{said}: {'yes' if of.value else 'no'}"
    if isinstance(of, Number):
        operator = "" if of.operator == "equals" else f"{NUMBERS[of.operator]} "
        return f"{said} is {operator}{_number(of.value)}"
    if isinstance(of, Elements):
        verb, between = LISTS[of.operator]
        return f"{said} {verb} {between.join(f'“{one}”' for one in of.value)}"
    values = (of.value,) if isinstance(of.value, str) else of.value
    return f"{said} {TEXTS[of.operator]} {', '.join(f'“{one}”' for one in values)}"


def _time(frame: Timeframe) -> str:
    if isinstance(frame, AllTime):
        return "at any time"
    if isinstance(frame, Relative):
        span = _counted(frame.quantity, frame.unit)
        if frame.operator == "in-the-last":
            return f"in the last {span if frame.quantity != 1 else frame.unit}"
        return f"{span} ago or earlier"
    if isinstance(frame, Ago):
        return f"between {frame.start:,} and {_counted(frame.end, frame.unit)} ago"
    if isinstance(frame, Since):
        return f"since {_day(frame.date)}" if frame.operator == "after" else f"before {_day(frame.date)}"
    assert isinstance(frame, Fixed)  # noqa: S101  the only other one
    return f"from {_day(frame.start)} to before {_day(frame.end)}"


def _day(instant: datetime) -> str:
    """The date alone where the instant is its midnight in UTC, as definitions write it."""
    text = instant.isoformat(sep=" ").replace("+00:00", " UTC")
    return text.removesuffix(" 00:00:00 UTC")


def _number(value: Decimal) -> str:
    shown = f"{value:,f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def _counted(count: int, unit: str) -> str:
    return f"{count:,} {unit}{'' if count == 1 else 's'}"
