"""The hours in which people of the shop answer, as the settings of an account name them (rule 13.3)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from flows.settings.values import number, zone
from flows.sources.sections import Section

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def _forward(interval: tuple[int, int]) -> tuple[int, int]:
    opens, closes = interval
    if opens >= closes:
        raise ValueError("an interval ends after it begins; hours past midnight are an interval of the next day")
    return interval


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"there is no date '{text}'; write it as 2026-12-24") from None
    if day.isoformat() != text or not 1900 <= day.year <= 2199:
        raise ValueError(f"write the date '{text}' as 2026-12-24, of the years 1900 to 2199")
    return text


Minute = Annotated[int, BeforeValidator(number), Field(ge=0, le=1440)]
Intervals = tuple[Annotated[tuple[Minute, Minute], AfterValidator(_forward)], ...]


class BusinessHoursSettings(Section):
    """When people of the shop answer; it replaces what a source delivered, whole."""

    timezone: Annotated[str, AfterValidator(zone)] | None = Field(
        default=None, description="IANA zone of the hours; the account's by default"
    )
    weekly: dict[Weekday, Intervals] = Field(
        default={}, description="from and to in minutes after midnight, by weekday; a day that is not named is closed"
    )
    overrides: dict[Annotated[str, AfterValidator(_day)], Intervals] = Field(
        default={}, description="what counts on single dates in the place of their weekdays; [] is closed"
    )

    @property
    def weekly_elements(self) -> tuple[str, ...]:
        """The intervals of weekdays as the landing contract has them, such as `mon 540-1080`."""
        return tuple(
            f"{day[:3]} {opens}-{closes}" for day, intervals in self.weekly.items() for opens, closes in intervals
        )

    @property
    def override_elements(self) -> tuple[str, ...]:
        """Those of single dates, such as `2026-12-24 540-780`, or `2026-12-25` where it is closed."""
        return tuple(
            f"{day} {opens}-{closes}" if opens < closes else day
            for day, intervals in self.overrides.items()
            for opens, closes in intervals or ((0, 0),)
        )
