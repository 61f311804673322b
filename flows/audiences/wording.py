"""Definitions in plain words, for people who do not write them.

Texts are whole patterns, because languages order their parts otherwise: a condition is the end of a sentence in
English (`had “Placed Order” at least 2 times at any time`) and may be a sentence of its own in another language.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal

from flows.audiences.definition import (
    Ago,
    AllTime,
    Condition,
    Definition,
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
from flows.ground.saying import Text, Value

NUMBERS = {
    "equals": "exactly %(number)s",
    "not-equals": "other than %(number)s",
    "greater-than": "more than %(number)s",
    "greater-than-or-equal": "at least %(number)s",
    "less-than": "less than %(number)s",
    "less-than-or-equal": "at most %(number)s",
}
TIMES = {
    "equals": ("exactly once", "exactly %(count)s times"),
    "not-equals": ("other than once", "other than %(count)s times"),
    "greater-than": ("more than once", "more than %(count)s times"),
    "greater-than-or-equal": ("at least once", "at least %(count)s times"),
    "less-than": ("less than once", "less than %(count)s times"),
    "less-than-or-equal": ("at most once", "at most %(count)s times"),
}
TEXTS = {
    "equals": "%(property)s is %(values)s",
    "not-equals": "%(property)s is not %(values)s",
    "contains": "%(property)s has in it %(values)s",
    "not-contains": "%(property)s does not have in it %(values)s",
    "starts-with": "%(property)s begins with %(values)s",
    "not-starts-with": "%(property)s does not begin with %(values)s",
    "ends-with": "%(property)s ends with %(values)s",
    "not-ends-with": "%(property)s does not end with %(values)s",
    "in": "%(property)s is one of %(values)s",
    "not-in": "%(property)s is none of %(values)s",
    "regex": "%(property)s matches the pattern %(values)s",
    "nregex": "%(property)s does not match the pattern %(values)s",
    "contains-any": "%(property)s has one of %(values)s",
    "contains-all": "%(property)s has all of %(values)s",
    "not-contains-any": "%(property)s has none of %(values)s",
    "not-contains-all": "%(property)s does not have all of %(values)s",
}
ALONE = {"in": "equals", "not-in": "not-equals"}  # how a list of one value is said
# Operators that take values whole, so that a value can be called as people call it.
WHOLE = frozenset(TEXTS) - {*(f"{no}{one}" for no in ("", "not-") for one in ("contains", "starts-with", "ends-with"))}
WHOLE -= {"regex", "nregex"}
Named = Callable[[str, str], Value]  # of a property and a value
CONSENT = {  # whether marketing may be sent: on each channel
    True: {
        "email": "may be sent marketing by email",
        "sms": "may be sent marketing by SMS",
        "whatsapp": "may be sent marketing on WhatsApp",
    },
    False: {
        "email": "may not be sent marketing by email, or have no address for it",
        "sms": "may not be sent marketing by SMS, or have no address for it",
        "whatsapp": "may not be sent marketing on WhatsApp, or have no address for it",
    },
}
LAST = {
    "hour": ("in the last hour", "in the last %(count)s hours"),
    "day": ("in the last day", "in the last %(count)s days"),
    "week": ("in the last week", "in the last %(count)s weeks"),
}
EARLIER = {
    "hour": ("%(count)s hour ago or earlier", "%(count)s hours ago or earlier"),
    "day": ("%(count)s day ago or earlier", "%(count)s days ago or earlier"),
    "week": ("%(count)s week ago or earlier", "%(count)s weeks ago or earlier"),
}
BETWEEN = {
    "hour": ("between %(start)s and %(count)s hour ago", "between %(start)s and %(count)s hours ago"),
    "day": ("between %(start)s and %(count)s day ago", "between %(start)s and %(count)s days ago"),
    "week": ("between %(start)s and %(count)s week ago", "between %(start)s and %(count)s weeks ago"),
}
WITHIN = {
    "HOURS": ("all within %(count)s hour", "all within %(count)s hours"),
    "DAYS": ("all within %(count)s day", "all within %(count)s days"),
    "WEEKS": ("all within %(count)s week", "all within %(count)s weeks"),
    "YEARS": ("all within %(count)s year", "all within %(count)s years"),
}


def as_written(_name: str, value: str) -> str:
    """The value of a property as definitions have it."""
    return value


def in_words(definition: Definition, named: Named = as_written) -> tuple[Text, ...]:
    """A sentence for each group of conditions; a shopper has to meet all of them.

    `named` has what people call a value of a property.
    """
    groups = definition.condition_groups
    first, *others = ([condition_in_words(one, named) for one in group.conditions] for group in groups)
    return (
        Text.of("Shoppers who %(conditions)s.", conditions=_either(first)),
        *(Text.of("They also %(conditions)s.", conditions=_either(one)) for one in others),
    )


def condition_in_words(condition: Condition, named: Named = as_written) -> Text:
    """What the shopper did, is, or allows, as the end of a sentence: `had “Placed Order” at least 2 times`."""
    if isinstance(condition, ProfileMetric):
        return _measured(condition, named)
    if isinstance(condition, Funnel):
        return _funnel(condition, named)
    if isinstance(condition, MarketingConsent):
        consent = condition.consent
        return Text(CONSENT[consent.can_receive_marketing][consent.channel])
    assert isinstance(condition, ProfileProperty)  # noqa: S101  the only other one
    return Text.of("have a profile whose %(held)s", held=_held(condition.property, condition.filter, named))


def _either(conditions: Sequence[Text]) -> tuple[Text, ...]:
    first, *others = conditions
    return (first, *(Text.of("or %(condition)s", condition=one) for one in others))


def _measured(of: ProfileMetric, named: Named) -> Text:
    event, when = _event(of.metric, of.metric_filters, named), _time(of.timeframe_filter)
    asked = of.measurement_filter
    if of.measurement == "sum":
        number = Text.of(NUMBERS[asked.operator], number=_number(asked.value))
        return Text.of(
            "had %(event)s %(when)s, whose values add up to %(number)s", event=event, when=when, number=number
        )
    asks = (str(asked.operator), asked.value)
    if asks in {("equals", Decimal(0)), ("less-than", Decimal(1)), ("less-than-or-equal", Decimal(0))}:
        return Text.of("had no %(event)s %(when)s", event=event, when=when)
    is_any = asks == ("greater-than", Decimal(0))
    operator, count = ("greater-than-or-equal", 1) if is_any else (asked.operator, _number(asked.value))
    times = (
        Text.many(count, *TIMES[operator])
        if isinstance(count, int)
        else Text.of(NUMBERS[operator], number=count)  # of no event there is half
    )
    return Text.of("had %(event)s %(times)s %(when)s", event=event, times=times, when=when)


def _funnel(of: Funnel, named: Named) -> Text:
    first, *rest = of.steps
    event, when = _event(first.metric, first.metric_filters, named), _time(of.timeframe_filter)
    steps = [Text.of("%(event)s %(when)s", event=event, when=when), *(_step(one, named) for one in rest)]
    if of.hours:
        unit, _, count = (of.completion_window_seconds or "").partition("_")
        steps.append(Text.many(int(count), *WITHIN[unit]))
    return Text.of("had %(steps)s", steps=tuple(steps))


def _step(step: Step, named: Named) -> Text:
    event = _event(step.metric, step.metric_filters, named)
    if step.metric_exists:
        return Text.of("then %(event)s", event=event)
    return Text.of("and no %(event)s after it", event=event)


def _event(metric: str, filters: tuple[MetricFilter, ...], named: Named) -> Text:
    """The metric's name in quotes, with what has to hold of the event in brackets."""
    if not filters:
        return Text.of("“%(metric)s”", metric=Text(metric))
    first, *others = (_held(one.property, one.filter, named) for one in filters)
    held = (first, *(Text.of("and %(held)s", held=one) for one in others))
    return Text.of("“%(metric)s” (%(held)s)", metric=Text(metric), held=held)


def _held(name: str, of: Filter, named: Named) -> Text:
    """`status is “routed”`; properties are called as they are in definitions, with blanks."""
    said = Text(property_in_words(name))
    if isinstance(of, Existence):
        is_known = of.operator == "is-set"
        return Text.of("%(property)s is known" if is_known else "%(property)s is not known", property=said)
    if isinstance(of, YesNo):
        return Text.of("%(property)s: yes" if of.value else "%(property)s: no", property=said)
    if isinstance(of, Number):
        number = _number(of.value)
        asked = number if of.operator == "equals" else Text.of(NUMBERS[of.operator], number=number)
        return Text.of("%(property)s is %(values)s", property=said, values=asked)
    values = (of.value,) if isinstance(of.value, str) else of.value
    operator = ALONE.get(of.operator, of.operator) if len(values) == 1 else of.operator
    shown = tuple(Text.of("“%(value)s”", value=named(name, one) if of.operator in WHOLE else one) for one in values)
    return Text.of(TEXTS[operator], property=said, values=shown)


def property_in_words(name: str) -> str:
    return name.replace("_", " ")


def _time(frame: Timeframe) -> Text:
    if isinstance(frame, AllTime):
        return Text.of("at any time")
    if isinstance(frame, Relative):
        said = LAST if frame.operator == "in-the-last" else EARLIER
        return Text.many(frame.quantity, *said[frame.unit])
    if isinstance(frame, Ago):
        return Text.many(frame.end, *BETWEEN[frame.unit], start=frame.start)
    if isinstance(frame, Since):
        day = _day(frame.date)
        return Text.of("since %(day)s", day=day) if frame.operator == "after" else Text.of("before %(day)s", day=day)
    assert isinstance(frame, Fixed)  # noqa: S101  the only other one
    return Text.of("from %(start)s to before %(end)s", start=_day(frame.start), end=_day(frame.end))


def _day(instant: datetime) -> date:
    """The date alone where the instant is its midnight in UTC, as definitions write it."""
    utc = instant.astimezone(UTC)
    return utc.date() if utc.time() == time() else utc


def _number(value: Decimal) -> int | Decimal:
    return int(value) if value == value.to_integral_value() else value.normalize()
