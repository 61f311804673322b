"""What can be asked, as pydantic models: addresses, tools and their descriptions are made from these."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from flows.ground.errors import InputError
from flows.published.wording import check_text
from flows.settings.requests import Date

EARLIEST, LATEST = date(1970, 1, 1), date(2100, 12, 31)
MOST_DAYS = 3_700  # ten years
MOST_METRICS = 20
MOST_CHANNELS = 20
LONGEST_TEXT = 200


def _text(value: str) -> str:
    try:
        check_text("", value)
    except InputError as error:
        raise ValueError(error.what) from None
    return value


def _in_the_calendar(day: date) -> date:
    if not EARLIEST <= day <= LATEST:
        raise ValueError(f"{day} is not one of {EARLIEST} to {LATEST}")
    return day


Text = Annotated[str, Field(max_length=LONGEST_TEXT), AfterValidator(_text)]
Account = Annotated[
    Text | None,
    Field(description="Id of the account; may be left out where only one can be seen. list_metrics has them."),
]
Day = Annotated[Date, AfterValidator(_in_the_calendar)]


class Asked(BaseModel):
    """A question. What is not known here is refused, so that a mistyped name is not taken for nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class AskedList(Asked):
    """Which metrics there are."""


class AskedMetric(Asked):
    """What one metric is."""

    metric: Text = Field(description="Name of the metric, such as resolution_rate.")
    account: Account = None


class _Range(Asked):
    account: Account = None
    first: Day = Field(alias="from", description="First date, in the account's time zone, such as 2026-06-01.")
    last: Day = Field(alias="to", description="Last date, included.")
    channels: tuple[Text, ...] = Field(
        default_factory=tuple,  # and no default in the schema: an empty list may not be given
        min_length=1,
        max_length=MOST_CHANNELS,
        description="Only conversations of these channels; all without it.",
    )

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"the range begins on {self.first} but ends on {self.last}; give the earlier date first")
        if (self.last - self.first).days >= MOST_DAYS:
            raise ValueError(f"the range has more than {MOST_DAYS} days; ask for a shorter one")
        return self


class AskedFigures(_Range):
    """The figures of metrics in a range of dates."""

    metrics: tuple[Text, ...] = Field(
        min_length=1, max_length=MOST_METRICS, description="Names of metrics, such as volume and resolution_rate."
    )
    by: Text | None = Field(
        default=None, description="In groups: day, week, month or a dimension that all these metrics have."
    )


class AskedWhy(_Range):
    """What one figure is made of."""

    metric: Text = Field(description="Name of the metric, such as resolution_rate.")


A = TypeVar("A", bound=Asked)


def asked(kind: type[A], given: Mapping[str, Any]) -> A:
    """The question. Raises InputError, which names what is wrong and repeats nothing of it."""
    try:
        return kind.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])[:LONGEST_TEXT] or None
        known = ", ".join(field.alias or name for name, field in kind.model_fields.items())
        remedy = f"it can have {known or 'nothing'}" if first["type"] == "extra_forbidden" else None
        raise InputError(first["msg"].removeprefix("Value error, "), where=where, remedy=remedy) from None
