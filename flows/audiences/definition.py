"""What an audience is: groups of conditions, in the shape of Klaviyo's segment definitions, with metrics by name.

A shopper is in a segment who meets every group; a group is met where one of its conditions is.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from flows.audiences.metrics import METRICS, PROFILE, Kind, Metric, near
from flows.audiences.texts import Text, plain, regex

WINDOW = re.compile(r"(HOURS|DAYS|WEEKS|YEARS)_([1-9]\d{0,3})")
HOURS = {"HOURS": 1, "DAYS": 24, "WEEKS": 7 * 24, "YEARS": 365 * 24}
LONGEST_WINDOW = 10 * HOURS["YEARS"]  # the end of a longer one may lie in no year that engines and Python both know


class Unfit(ValueError):
    """What is wrong with a part of a definition, and at which of its keys, from the part on."""

    def __init__(self, what: str, *at: int | str) -> None:
        super().__init__(what)
        self.at = at


class NotText(Unfit):
    """Something else where a text is wanted: the file has it in other words than Python, `no` and not False."""


class Part(BaseModel):
    """A part of a definition; what is not known is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _instant(value: object) -> object:
    """A day alone is its midnight, UTC, as in the landing contract."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return f"{value}T00:00:00Z"
    if isinstance(value, datetime) or value is None:
        return value
    if hasattr(value, "isoformat"):
        return f"{value}T00:00:00Z"
    if isinstance(value, int | float) or re.fullmatch(r"[\d.+-]+", str(value)):  # pydantic would count seconds of 1970
        raise ValueError("write a day as 2026-06-07, or an instant with its zone as 2026-06-07T12:00:00Z")
    return value


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_instant),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d))?$",
            "description": "a day, which is its midnight in UTC, or an instant with its zone: 2026-11-01T09:00:00Z",
        }
    ),
]
Unit = Literal["hour", "day", "week"]
Quantity = Annotated[int, Field(ge=0, le=100_000)]
Span = Annotated[int, Field(ge=1, le=100_000)]  # 0 of them is not a time


class AllTime(Part):
    type: Literal["date"] = "date"
    operator: Literal["alltime"]


class Relative(Part):
    """`in-the-last` 14 days, or `at-least` 14 days ago, counted from as-of."""

    type: Literal["date"] = "date"
    operator: Literal["in-the-last", "at-least"]
    unit: Unit
    quantity: Span


class Ago(Part):
    """Between two times ago, both counted from as-of, in either order; `start` becomes the longer one."""

    type: Literal["date"] = "date"
    operator: Literal["between"]
    unit: Unit
    start: Quantity
    end: Quantity

    @model_validator(mode="before")
    @classmethod
    def _in_order(cls, given: Any) -> Any:
        """Klaviyo's own words are "between 10 and 20 days ago"."""
        if isinstance(given, dict) and isinstance(given.get("start"), int) and isinstance(given.get("end"), int):
            later, earlier = sorted((given["start"], given["end"]))
            return {**given, "start": earlier, "end": later}
        return given

    @model_validator(mode="after")
    def _is_span(self) -> Self:
        if self.start == self.end:
            what = f"between {self.start} and {self.end} {self.unit}s ago is not a span of time"
            raise ValueError(f"{what}; start and end differ")
        return self


class Since(Part):
    type: Literal["date"] = "date"
    operator: Literal["after", "before"]
    date: Instant


class Fixed(Part):
    type: Literal["date"] = "date"
    operator: Literal["between-static"]
    start: Instant
    end: Instant


Timeframe = Annotated[AllTime | Relative | Ago | Since | Fixed, Field(discriminator="operator")]
EVER = AllTime(operator="alltime")


class Number(Part):
    type: Literal["numeric"]
    operator: Literal[
        "equals", "not-equals", "greater-than", "greater-than-or-equal", "less-than", "less-than-or-equal"
    ]
    value: Annotated[Decimal, Field(max_digits=15, decimal_places=4)]  # as amounts; and JSON keeps as many


TextOperator = Literal[
    "equals", "not-equals", "contains", "not-contains", "starts-with", "not-starts-with",
    "ends-with", "not-ends-with", "in", "not-in", "regex", "nregex",
]  # fmt: skip


def _texts(given: object) -> object:
    """Numbers are no texts: 0042 would become another id."""
    is_list = isinstance(given, list | tuple)
    for place, one in enumerate(given if isinstance(given, list | tuple) else [given]):
        if not isinstance(one, str):
            raise NotText("takes text", *([place] if is_list else []))
        plain(one)
    return given


class Words(Part):
    """Texts are compared as they are; `regex` finds anywhere in the text."""

    type: Literal["string"]
    operator: TextOperator
    value: Annotated[str | tuple[str, ...], BeforeValidator(_texts)]

    @model_validator(mode="after")
    def _has_list_for_lists(self) -> Self:
        takes_list, is_list = self.operator in {"in", "not-in"}, not isinstance(self.value, str)
        if takes_list != is_list:
            wanted = "a list of texts" if takes_list else "one text"
            raise Unfit(f"the operator {self.operator} takes {wanted}", "value")
        if self.operator in {"regex", "nregex"}:
            try:
                regex(str(self.value))
            except ValueError as error:
                raise Unfit(str(error), "value") from None
        return self


class Elements(Part):
    type: Literal["list"]
    operator: Literal["contains-any", "contains-all", "not-contains-any", "not-contains-all"]
    value: tuple[Text, ...] = Field(min_length=1)


class YesNo(Part):
    type: Literal["boolean"]
    operator: Literal["equals"] = "equals"
    value: bool


class Existence(Part):
    type: Literal["existence"]
    operator: Literal["is-set", "not-set"]


Filter = Annotated[Number | Words | Elements | YesNo | Existence, Field(discriminator="type")]


class MetricFilter(Part):
    """A property of a metric's events, and what has to hold of it."""

    property: str
    filter: Filter


# As Klaviyo writes it, null is the same as none.
MetricFilters = Annotated[tuple[MetricFilter, ...], BeforeValidator(lambda given: () if given is None else given)]


def _checked(metric_name: str, filters: tuple[MetricFilter, ...]) -> None:
    """Raises Unfit for a metric, or a property of it, that there is not."""
    metric = METRICS.get(metric_name)
    if metric is None:
        raise Unfit(f"there is no metric {metric_name!r}{near(metric_name, METRICS)}", "metric")
    for place, one in enumerate(filters):
        if one.property not in metric.properties:
            known = near(one.property, metric.properties)
            what = f"the metric {metric_name!r} has no property {one.property!r}{known}"
            raise Unfit(what, "metric_filters", place, "property")
        _fits(one.property, metric.properties[one.property].type, one.filter, "metric_filters", place, "filter", "type")


FILTERS = {"string": "string", "number": "numeric", "boolean": "boolean", "list": "list"}


def _fits(name: str, kind: Kind, of: Number | Words | Elements | YesNo | Existence, *at: int | str) -> None:
    if of.type not in {wanted := FILTERS[kind], "existence"}:
        raise Unfit(f"{name!r} takes a filter of type {wanted} or existence, not {of.type}", *at)


class ProfileMetric(Part):
    """How often, or with which sum, a metric's events came to a shopper in a time."""

    type: Literal["profile-metric"]
    metric: str
    measurement: Literal["count", "sum"] = "count"
    measurement_filter: Number
    timeframe_filter: Timeframe = EVER
    metric_filters: MetricFilters = ()

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        _checked(self.metric, self.metric_filters)
        if self.measurement == "sum" and METRICS[self.metric].value is None:
            raise Unfit(f"the metric {self.metric!r} has no value to sum up; use the measurement count", "measurement")
        return self


class Step(Part):
    """A step of a funnel: events of a metric that came, or, with `metric_exists` false, did not come."""

    metric: str
    metric_exists: bool = True
    metric_filters: MetricFilters = ()

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        _checked(self.metric, self.metric_filters)
        return self


class Funnel(Part):
    """Events of the first step in a time, each followed by the other steps, in their order, within a window.

    A step that must not come counts once the window is over.
    """

    type: Literal["profile-metric-funnel"]
    timeframe_filter: Timeframe = EVER
    completion_window_seconds: str | None = Field(default=None, pattern=f"^{WINDOW.pattern}$")
    steps: tuple[Step, ...] = Field(min_length=2, max_length=10)

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        if not self.steps[0].metric_exists:
            what = "the first step has to be an event that came (metric_exists: true)"
            raise Unfit(what, "steps", 0, "metric_exists")
        if self.hours is not None and self.hours > LONGEST_WINDOW:
            raise Unfit("the window is longer than 10 years", "completion_window_seconds")
        return self

    @property
    def hours(self) -> int | None:
        """The completion window, None without one."""
        found = WINDOW.fullmatch(self.completion_window_seconds or "")
        return int(found[2]) * HOURS[found[1]] if found else None


class ProfileProperty(Part):
    type: Literal["profile-property"]
    property: str
    filter: Filter

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        if self.property not in PROFILE:
            raise Unfit(f"profiles have no property {self.property!r}{near(self.property, PROFILE)}", "property")
        _fits(self.property, PROFILE[self.property].type, self.filter, "filter", "type")
        return self


class Consent(Part):
    channel: Literal["email", "sms", "whatsapp"]
    can_receive_marketing: bool


class MarketingConsent(Part):
    """Whether marketing may reach the shopper; where no source tells, neither is so."""

    type: Literal["profile-marketing-consent"]
    consent: Consent


Condition = Annotated[ProfileMetric | Funnel | ProfileProperty | MarketingConsent, Field(discriminator="type")]


class Group(Part):
    conditions: tuple[Condition, ...] = Field(min_length=1)


class Definition(Part):
    condition_groups: tuple[Group, ...] = Field(min_length=1)

    def metrics(self) -> set[Metric]:
        """Those that its conditions name."""
        found = set[Metric]()
        for condition in (one for group in self.condition_groups for one in group.conditions):
            if isinstance(condition, ProfileMetric):
                found.add(METRICS[condition.metric])
            elif isinstance(condition, Funnel):
                found |= {METRICS[step.metric] for step in condition.steps}
        return found


class Segment(Part):
    """An audience. Its key is the name of its file."""

    name: Text = Field(min_length=1, max_length=200, description="what people call it")
    description: Text = Field(min_length=1, description="for whom it is, in a sentence")
    accounts: tuple[Text, ...] = Field(
        default_factory=tuple,  # and no default in the schema: an empty list may not be given
        min_length=1,
        description="the accounts that have it, one or more; all, where the key is left out",
    )
    suppress_open_handoffs: bool = Field(
        default=True, description="hold back whoever waits for a person: an open hand-off or an open ticket"
    )
    definition: Definition
