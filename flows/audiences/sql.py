"""From definitions to SQL that DuckDB and Spark both understand: one query a segment, over sets of shoppers.

A shopper's key is `p/` with the profile's id, or `c/` with the id of a conversation whose shopper nobody knows.
`{{as_of}}` stands for the instant as of which is asked, `{{name}}` for a published table.

Whether a shopper is in a segment depends on the rows of this shopper alone, on the topics of their questions and on
as-of: a query over the rows of some shoppers finds of them whom it finds over all rows (docs/changes.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from flows.audiences.definition import (
    EVER,
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
    Words,
    YesNo,
)
from flows.audiences.metrics import METRICS, PROFILE, WITHOUT_CONVERSATION, Property

OPERATORS = {
    "equals": "=",
    "not-equals": "<>",
    "greater-than": ">",
    "greater-than-or-equal": ">=",
    "less-than": "<",
    "less-than-or-equal": "<=",
}
HOURS = {"hour": 1, "day": 24, "week": 168}
REACHED = "'reachable'"
FOR_EVER = "cast('9999-01-01T00:00:00+00:00' as timestamp{{tz}})"
KNOWN = "select account_id, concat('p/', profile_id) as shopper"
ALL = "select account_id, shopper from {{shoppers}}"


def of_segment(definition: Definition) -> str:
    """A query of `account_id` and `shopper`, each once."""
    groups = (
        " union ".join(f"({_condition(one)})" for one in group.conditions) for group in definition.condition_groups
    )
    return " intersect ".join(f"({group})" for group in groups)


def of_events(metric: str, filters: tuple[MetricFilter, ...], frame: Timeframe = EVER) -> str:
    """A query of the metric's events that count, in a time: `account_id`, `shopper`, `occurred_at` and `value`."""
    return f"select * from ({_events(metric, filters)}) as events where {_within(frame)}"


def changes_after(definition: Definition) -> list[str]:
    """Queries, each of the first `instant` after as-of at which time alone can change who is in the segment."""
    return [_next(*edge) for edge in _edges(definition)]


def moved(definitions: Iterable[Definition]) -> list[str]:
    """Queries of `account_id` and `shopper`, one for each metric whose events grow too old or old enough for a
    definition: whose events did so after `{{previous_as_of}}`. Filters are left aside.
    """
    hours = defaultdict[str, set[int]](set)
    for definition in definitions:
        for metric, _, span in _edges(definition):
            hours[metric].add(span)
    return [_moved(metric, sorted(hours[metric])) for metric in sorted(hours)]


def _edges(definition: Definition) -> Iterator[tuple[str, tuple[MetricFilter, ...], int]]:
    """The only way in which time alone changes who is in the segment: an event of the metric, of which the filters
    hold, becomes so many hours old.
    """
    for condition in (one for group in definition.condition_groups for one in group.conditions):
        if isinstance(condition, ProfileMetric):
            for hours in _hours(condition.timeframe_filter):
                yield condition.metric, condition.metric_filters, hours
        elif isinstance(condition, Funnel):
            first = condition.steps[0]
            has_gap = not all(step.metric_exists for step in condition.steps)  # one that the window's end decides
            window = {condition.hours} if condition.hours and has_gap else set[int]()
            for hours in sorted({*_hours(condition.timeframe_filter), *window}):
                yield first.metric, first.metric_filters, hours


def _next(metric: str, filters: tuple[MetricFilter, ...], hours: int) -> str:
    span = f"interval '{hours}' hour"
    return f"""select min(occurred_at) + {span} as instant from ({_events(metric, filters)}) as events
        where shopper is not null and occurred_at > {{{{as_of}}}} - {span}"""


def _moved(metric: str, spans: list[int]) -> str:
    came_of_age = " or ".join(
        f"(occurred_at > {{{{previous_as_of}}}} - interval '{hours}' hour"
        f" and occurred_at <= {{{{as_of}}}} - interval '{hours}' hour)"
        for hours in spans
    )
    return f"""select account_id, shopper from ({_events(metric, ())}) as events
        where shopper is not null and ({came_of_age})"""


def _hours(frame: Timeframe) -> list[int]:
    """How old an event is, in hours, when it comes into the time or leaves it."""
    if isinstance(frame, Relative):
        return [frame.quantity * HOURS[frame.unit]]
    if isinstance(frame, Ago):
        return [one * HOURS[frame.unit] for one in (frame.start, frame.end) if one]
    return []


def _condition(condition: Condition) -> str:
    if isinstance(condition, ProfileMetric):
        return _measured(condition)
    if isinstance(condition, Funnel):
        return _funnel(condition)
    if isinstance(condition, MarketingConsent):
        column = f"{condition.consent.channel}_reach"
        said = f"= {REACHED}" if condition.consent.can_receive_marketing else f"not in ({REACHED}, 'not_known')"
        return f"{KNOWN} from {{{{profile_reach}}}} where {column} {said}"
    assert isinstance(condition, ProfileProperty)  # noqa: S101  the only other one
    holds = _holds(PROFILE[condition.property], condition.filter)
    return f"{KNOWN} from {{{{profiles}}}} where {holds}"


def _measured(condition: ProfileMetric) -> str:
    """Who has as many events, or as large a sum; those without any event have 0."""
    filters, frame = condition.metric_filters, condition.timeframe_filter
    events = of_events(condition.metric, filters, frame)
    measure = "count(*)" if condition.measurement == "count" else "coalesce(sum(value), 0)"
    asked = condition.measurement_filter
    holds = f"{measure} {OPERATORS[asked.operator]} {asked.value:f}"
    grouped = "select account_id, shopper from ({events}) as events group by account_id, shopper having {holds}"
    if not _holds_for_zero(asked):
        return grouped.format(events=events, holds=holds)
    return f"{ALL} except ({grouped.format(events=events, holds=f'not ({holds})')})"


def _holds_for_zero(asked: Number) -> bool:
    return {
        "equals": asked.value == 0,
        "not-equals": asked.value != 0,
        "greater-than": asked.value < 0,
        "greater-than-or-equal": asked.value <= 0,
        "less-than": asked.value > 0,
        "less-than-or-equal": asked.value >= 0,
    }[asked.operator]


def _funnel(funnel: Funnel) -> str:
    """Runs of steps from each event of the first one; `until` is the end of the window."""
    end = f"occurred_at + interval '{funnel.hours}' hour" if funnel.hours else FOR_EVER
    first = funnel.steps[0]
    runs = f"""select account_id, shopper, occurred_at, occurred_at as began_at, {end} as until
        from ({_events(first.metric, first.metric_filters)}) as events where {_within(funnel.timeframe_filter)}"""
    for step in funnel.steps[1:]:
        runs = _followed(runs, step, has_window=funnel.hours is not None)
    return f"select distinct account_id, shopper from ({runs}) as runs"


def _followed(runs: str, step: Step, *, has_window: bool) -> str:
    events = _events(step.metric, step.metric_filters)
    comes = """runs.account_id = events.account_id and runs.shopper = events.shopper
            and events.occurred_at > runs.occurred_at and events.occurred_at <= runs.until"""
    if step.metric_exists:
        return f"""select
                runs.account_id, runs.shopper, min(events.occurred_at) as occurred_at, runs.began_at, runs.until
            from ({runs}) as runs inner join ({events}) as events on {comes}
            group by runs.account_id, runs.shopper, runs.began_at, runs.until"""
    is_over = " and runs.until <= {{as_of}}" if has_window else ""
    return f"""select runs.* from ({runs}) as runs where not exists (
            select 1 from ({events}) as events where {comes}){is_over}"""


def _events(metric_name: str, filters: tuple[MetricFilter, ...]) -> str:
    """The events that count: `account_id`, `shopper`, `occurred_at`, `value`."""
    metric = METRICS[metric_name]
    shopper = "case when profile_id is not null then concat('p/', profile_id)"
    if metric_name not in WITHOUT_CONVERSATION:  # a ticket may have neither
        shopper += " when conversation_id is not null then concat('c/', conversation_id)"
    joins = " and " if " where " in metric.rows and not metric.rows.startswith("(") else " where "
    holds = " and ".join(
        [f"{metric.at} <= {{{{as_of}}}}", *(_holds(metric.properties[one.property], one.filter) for one in filters)]
    )
    value = metric.value or "null"
    return f"""select account_id, {shopper} end as shopper, {metric.at} as occurred_at, {value} as value
        from {metric.rows}{joins}{holds}"""


def _within(frame: Timeframe) -> str:
    if isinstance(frame, AllTime):
        return "shopper is not null"
    at = "shopper is not null and occurred_at"
    if isinstance(frame, Relative):
        edge = f"{{{{as_of}}}} - interval '{frame.quantity * HOURS[frame.unit]}' hour"
        return f"{at} {'>' if frame.operator == 'in-the-last' else '<='} {edge}"
    if isinstance(frame, Ago):
        start, end = (f"{{{{as_of}}}} - interval '{one * HOURS[frame.unit]}' hour" for one in (frame.start, frame.end))
        return f"{at} > {start} and occurred_at <= {end}"
    if isinstance(frame, Since):
        return f"{at} {'>=' if frame.operator == 'after' else '<'} {_timestamp(frame.date)}"
    assert isinstance(frame, Fixed)  # noqa: S101  the only other one
    return f"{at} >= {_timestamp(frame.start)} and occurred_at < {_timestamp(frame.end)}"


def _timestamp(at: datetime) -> str:
    return f"cast('{at.isoformat()}' as timestamp{{{{tz}}}})"


def _holds(of: Property, asked: Filter) -> str:
    """SQL for: the filter holds. What is null meets no filter but `not-…` and `not-set`."""
    sql = of.sql
    if isinstance(asked, Existence):
        return f"({sql}) is {'not ' if asked.operator == 'is-set' else ''}null"
    if isinstance(asked, YesNo):
        return f"coalesce({sql}, false) = {str(asked.value).lower()}"
    if isinstance(asked, Number):
        return f"coalesce({sql} {OPERATORS[asked.operator]} {asked.value:f}, {_when_null(asked.operator)})"
    if isinstance(asked, Elements):
        some = " or " if asked.operator.endswith("any") else " and "
        found = some.join(f"{{{{contains}}}}({sql}, {_text(one)})" for one in asked.value)
        said = "not " if asked.operator.startswith("not-") else ""
        return f"{said}coalesce({found}, false)"
    assert isinstance(asked, Words)  # noqa: S101  the only other one
    said = "not " if asked.operator.startswith(("not-", "nregex")) else ""
    return f"{said}coalesce({_matches(sql, asked)}, false)"


def _when_null(operator: str) -> str:
    return "true" if operator.startswith("not-") else "false"


def _matches(sql: str, asked: Words) -> str:
    plain = asked.operator.removeprefix("not-")
    if isinstance(asked.value, tuple):
        return f"{sql} in ({', '.join(map(_text, asked.value)) or 'null'})"
    value = _text(asked.value)
    return {
        "equals": f"{sql} = {value}",
        "contains": f"{{{{position}}}}({sql}, {value}) > 0",
        "starts-with": f"left({sql}, {len(asked.value)}) = {value}",
        "ends-with": f"right({sql}, {len(asked.value)}) = {value}",
        "regex": f"{{{{regex}}}}({sql}, {value})",
        "nregex": f"{{{{regex}}}}({sql}, {value})",
    }[plain]


def _text(value: str) -> str:
    """A text as `{{text:<hex>}}`: engines write it differently, and nothing in it may be taken for SQL."""
    return f"{{{{text:{value.encode().hex()}}}}}"
