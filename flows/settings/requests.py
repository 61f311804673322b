"""What flows and commands can be asked: one frozen model for each verb.

A field is the parameter of a flow, an entry of Prefect's form and an option of the command line. Its type, bounds and
description stand here and nowhere else. None means: as the settings say, or all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from flows.settings.loading import input_error, load, no_password_in
from flows.settings.tree import Settings, Share, known_sources

YEARS = range(1900, 2201)  # the years that the contract knows
HALF_A_DAY, WEEK = 720, 10080  # minutes
SETTINGS = ("home", "max_rejected_share", "max_volume_drop", "engine")  # fields that stand above the setting so named


@dataclass(frozen=True)
class Option:
    """How the command line spells a field, where that is not simply `--<field>`.

    `name` is the option; a field without a name here and with `is_argument` is given by its place.
    """

    name: str | None = None
    metavar: str | None = None
    is_argument: bool = False


def option_name(request: type[BaseModel], field: str) -> str:
    """The option of the command line that sets a field."""
    told = next((one for one in request.model_fields[field].metadata if isinstance(one, Option)), Option())
    return told.metavar if told.is_argument and told.metavar else told.name or f"--{field.replace('_', '-')}"


def _date(value: object) -> object:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"'{value}' is not a date; write it as 2026-06-07") from None
    return value


def _instant(value: object) -> object:
    """An instant in UTC (rule 1.3): ISO 8601, UTC where it has no offset; a date is its first instant."""
    if not isinstance(value, str | datetime):
        return value
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(value.strip())
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        found = datetime.min.replace(tzinfo=UTC)
    if found.year not in YEARS:
        remedy = "write it as 2026-06-07T12:00:00Z or 2026-06-07"
        raise ValueError(f"'{value}' is not an instant of the years 1900 to 2200; {remedy}")
    return found


def _some(names: tuple[str, ...]) -> tuple[str, ...]:
    """Whoever made a list and found nothing for it does not mean everything."""
    if not names:
        raise ValueError("an empty list names nothing; leave it out for all, or for what the settings say")
    return names


Date = Annotated[date, BeforeValidator(_date)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
Names = Annotated[tuple[str, ...], AfterValidator(_some), Field(json_schema_extra={"minItems": 1})]


class Request(BaseModel):
    """What everything can be asked: at which installation to work."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    home: str | None = Field(default=None, description="Folder of the lake and the publications.")
    config: str | None = Field(default=None, description="Settings file, instead of ./agent-metrics.toml.")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """The request from the options of the command line. Raises InputError, which names the option at fault."""
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = f"option {option_name(cls, str(first['loc'][0]))}"
            raise input_error(where, first["type"], first["msg"]) from None

    def settings(self) -> Settings:
        """The settings below these options. Raises InputError."""
        return load(Path(self.config) if self.config else None, self._options())

    def _options(self) -> dict[str, Any]:
        given = {name: getattr(self, name, None) for name in SETTINGS}
        return {name: value for name, value in given.items() if value is not None}


class WarehouseRequest(Request):
    """What publishes or reads can also be asked: in which warehouses."""

    warehouse: Names | None = Field(
        default=None, description="Where to publish and read: duckdb or postgresql://…; may repeat."
    )

    @field_validator("warehouse")
    @classmethod
    def _no_password(cls, warehouse: tuple[str, ...] | None) -> tuple[str, ...] | None:
        no_password_in(warehouse, "option --warehouse")
        return warehouse

    def _options(self) -> dict[str, Any]:
        return super()._options() | ({"warehouse": list(self.warehouse)} if self.warehouse else {})


class OfAccount(Request):
    """What is of accounts can also be asked of one of them."""

    account: str | None = Field(default=None, description="Id of one account, instead of all.")


class Listening(Request):
    """What answers others can also be asked: where to."""

    host: str = Field(default="127.0.0.1", description="Where to listen; others than this machine need tokens.")


class HomeRequest(Request):
    """What works on a home can also be asked: how long to wait until another run has left it."""

    wait: float | None = Field(
        default=None,
        ge=0,
        le=WEEK,
        description=f"Minutes to wait for another run to end. The default is 0; of a deployed flow, {HALF_A_DAY}.",
    )


class _AsOf(Request):
    as_of: Instant | None = Field(
        default=None, description="ISO instant or date, UTC if it has no offset. The default is now."
    )

    def instant(self) -> datetime:
        """As-of in UTC (rule 1.3)."""
        return self.as_of or datetime.now(UTC)


class _Engine(Request):
    engine: Literal["duckdb", "spark"] | None = Field(
        default=None, description="Engine that builds the candidate: duckdb or spark."
    )


class DateRangeRequest(Request):
    """A range of dates in the account's time zone, both included (rule 1.2)."""

    first: Annotated[Date, Option("--from")] = Field(description="First date, in the account's time zone.")
    last: Annotated[Date, Option("--to")] = Field(description="Last date, included.")

    @field_validator("last")
    @classmethod
    def _not_before(cls, last: date, info: ValidationInfo) -> date:
        if "first" in info.data and last < info.data["first"]:
            raise ValueError("the range ends before it begins; give the first date as --from and the last date as --to")
        return last


class _Path(Request):
    path: str | None = Field(default=None, description="Folder of the source `files`.")

    def _options(self) -> dict[str, Any]:
        return super()._options() | ({"sources": {"files": {"path": self.path}}} if self.path else {})


class PullRequest(_Path, HomeRequest):
    """Load what the sources have that is new."""

    source: Names | None = Field(default=None, description="Source to pull; may repeat.")

    @field_validator("source")
    @classmethod
    def _known(cls, source: tuple[str, ...] | None) -> tuple[str, ...] | None:
        known = known_sources()
        for name in source or ():
            if name not in known:
                raise ValueError(f"there is no source '{name}'; known are: {', '.join(known)}")
        return source and tuple(dict.fromkeys(source))


class BuildRequest(_AsOf, _Engine, HomeRequest):
    """Derive the candidate from the lake."""

    full_refresh: bool = Field(default=False, description="Build from the whole lake; ask no source.")


class CheckRequest(WarehouseRequest, HomeRequest):
    """Check the whole candidate."""

    max_rejected_share: Share | None = Field(
        default=None, description="Close the gate above this share of refused rows."
    )
    max_volume_drop: Share | None = Field(
        default=None, description="Close the gate above this drop of an account's volume."
    )


class PublishRequest(WarehouseRequest, HomeRequest):
    """Publish the candidate that passed."""

    resume: bool = Field(default=False, description="End the hold that going back began.")


class RunRequest(PullRequest, BuildRequest, CheckRequest):
    """Pull, build, check and publish."""


class ReconcileRequest(DateRangeRequest, OfAccount, _Engine, WarehouseRequest, HomeRequest):
    """Compare what sources report of a range of dates with our figures."""


class TopicsRequest(_AsOf, _Engine, WarehouseRequest, HomeRequest):
    """Group all questions anew."""


class CompactRequest(Request):
    """Rewrite the small files of many loads."""


class VerifyRequest(Request):
    """Compare the lake with what was written."""


class RepairRequest(_Path, HomeRequest):
    """Mend the lake."""


class RollbackRequest(WarehouseRequest, HomeRequest):
    """Go back to an earlier publication."""

    to: str | None = Field(
        default=None,
        min_length=1,
        description="Publication to bring back, or an instant at which readers saw it. The default is the one before.",
    )


class DeliveryRequest(OfAccount, WarehouseRequest, HomeRequest):
    """Deliver what is published to the destinations of the settings."""

    dry_run: bool = Field(default=False, description="Say what would be delivered, and deliver nothing.")
    limit: int | None = Field(default=None, ge=1, description="Most changes or messages, for each destination.")


class SyncRequest(DeliveryRequest):
    """Give lists the same members as segments."""

    segments: Annotated[Names | None, Option(metavar="KEY", is_argument=True)] = Field(
        default=None, description="Keys of segments, instead of all that the settings name."
    )
    failed: bool = Field(default=False, description="Also try again who was refused within the last day.")
    adopt: bool = Field(
        default=False, description="Take over a list that has the name already; who is in it stays in it."
    )
    confirm: bool = Field(default=False, description="Also where a list loses more members than the guard lets it.")


class EventsRequest(DeliveryRequest):
    """Send the four events."""

    backfill: bool = Field(
        default=False, description="Also those from before the destination was switched on; they start no flow there."
    )


class FollowUpsRequest(DeliveryRequest):
    """Send the follow-ups that are due."""


class HandoffsRequest(DeliveryRequest):
    """Make the tickets of hand-offs."""

    failed: bool = Field(
        default=False, description="Also try again now those that were refused or wait for their next try."
    )
