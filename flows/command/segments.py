"""The commands `agent-metrics segments …`: who is in which segment, why, who came and went, and files for marketers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer
from pydantic import Field, ValidationInfo, field_validator

from flows.audiences import segments as definitions
from flows.command import segments_shown, segments_told
from flows.command.console import Console
from flows.command.defined import of_definition, of_unknown_accounts
from flows.command.deliveries_shown import delivery_lines
from flows.command.lines import again
from flows.command.options import command
from flows.jobs.segments import missing_folder
from flows.published.segment_csv import export_segment
from flows.published.segment_details import segment_details
from flows.published.segment_explained import explain as explained
from flows.published.segment_moves import overlap as overlapping
from flows.published.segment_moves import segment_diff
from flows.published.segments import NoSuchSegment, segments
from flows.settings.requests import Instant, Names, OfAccount, Option, Request, SyncRequest, WarehouseRequest
from flows.warehouses import configured

app = typer.Typer(help="Segments of shoppers: who is in them, why, and since when.", add_completion=False)


class AccountRequest(OfAccount, WarehouseRequest):
    """Segments, of one account or of all."""


class SegmentRequest(AccountRequest):
    """A segment."""

    segment: Annotated[str, Option(metavar="KEY", is_argument=True)] = Field(
        description="Key of the segment, as `segments list` shows it."
    )


@contextmanager
def _defined_or_not(request: AccountRequest) -> Iterator[None]:
    """A segment that there is not may be defined, and built by the next run."""
    try:
        yield
    except NoSuchSegment as error:
        raise of_definition(request.settings(), error) from None


@command(app, AccountRequest, "list")
def list_segments(request: AccountRequest, console: Console) -> int:
    """The segments: how many are in them, whom marketing may reach, who came and went."""
    with configured(request.settings())[0].read() as reader:
        found = segments(reader, request.account)
    console.show({**found.to_json_dict(), "exit_status": 0}, segments_shown.segment_lines(found, again(request)))
    return 0


class ShowRequest(SegmentRequest):
    """All of a segment."""

    limit: int = Field(default=20, ge=1, description="Most members, and most changes, to show.")


@command(app, ShowRequest)
def show(request: ShowRequest, console: Console) -> int:
    """One segment: its rule in words, whom it reaches and why not the others, and its members."""
    with _defined_or_not(request), configured(request.settings())[0].read() as reader:
        details = segment_details(reader, request.segment, request.account, request.limit)
    options = again(request, request.account)
    console.show({**details.to_json_dict(), "exit_status": 0}, segments_shown.details_lines(details, options))
    return 0


class ExplainRequest(AccountRequest):
    """A shopper."""

    profile: Annotated[str, Option(metavar="PROFILE", is_argument=True)] = Field(
        description="Id, email address or phone number of the shopper's profile."
    )
    segment: str | None = Field(default=None, description="Key of one segment, instead of all.")


@command(app, ExplainRequest)
def explain(request: ExplainRequest, console: Console) -> int:
    """One shopper: in which segments, since when, and what speaks for each condition or against it."""
    with _defined_or_not(request), configured(request.settings())[0].read() as reader:
        found = explained(reader, request.profile, request.account, request.segment)
    console.show({**found.to_json_dict(), "exit_status": 0}, segments_told.explained_lines(found))
    return 0


class OverlapRequest(AccountRequest):
    """Some segments, or all."""

    segments: Annotated[Names | None, Option(metavar="KEY", is_argument=True)] = Field(
        default=None, description="Keys of the segments to compare, instead of all."
    )
    limit: int = Field(default=20, ge=1, description="Most pairs to show, those that share most first.")


@command(app, OverlapRequest)
def overlap(request: OverlapRequest, console: Console) -> int:
    """Members that segments share, pair by pair."""
    with _defined_or_not(request), configured(request.settings())[0].read() as reader:
        found = overlapping(reader, request.segments, request.account)
    console.show({**found.to_json_dict(), "exit_status": 0}, segments_shown.overlap_lines(found, request.limit))
    return 0


class DiffRequest(SegmentRequest):
    """A segment and an instant."""

    since: Instant | None = Field(
        default=None, description="ISO instant or date, UTC if it has no offset. The default is 7 days before as-of."
    )
    publication: Annotated[str | None, Option("--from", metavar="PUBLICATION")] = Field(
        default=None, description="Id of a publication, instead of an instant."
    )
    limit: int = Field(default=20, ge=1, description="Most shoppers to show of each kind.")

    @field_validator("publication")
    @classmethod
    def _is_one_beginning(cls, publication: str | None, info: ValidationInfo) -> str | None:
        if publication is not None and info.data.get("since") is not None:
            raise ValueError("give --since or --from, not both")
        return publication


@command(app, DiffRequest)
def diff(request: DiffRequest, console: Console) -> int:
    """Who entered a segment and who left it, in the last 7 days or since an instant."""
    with _defined_or_not(request), configured(request.settings())[0].read() as reader:
        found = segment_diff(
            reader, request.segment, request.account, since=request.since, publication=request.publication
        )
    console.show({**found.to_json_dict(), "exit_status": 0}, segments_shown.diff_lines(found, request.limit))
    return 0


class ExportRequest(SegmentRequest):
    """A segment as a file."""

    file: Annotated[Path, Option("--to", metavar="FILE")] = Field(description="File to write.")
    format: Literal["csv", "klaviyo"] = Field(
        default="csv", description="csv for the members, klaviyo for the definition as Klaviyo takes it."
    )
    metrics: Path | None = Field(
        default=None, description="File with what Klaviyo's GET /api/metrics answered, for the format klaviyo."
    )
    with_held_back: bool = Field(default=False, description="Also members who are held back.")
    force: bool = Field(default=False, description="Replace a file that is there.")


@command(app, ExportRequest)
def export(request: ExportRequest, console: Console) -> int:
    """Write the members of a segment as CSV: contact data, since when, and whether marketing may reach them.

    Members who wait for a person, with an open hand-off or an open ticket, are
    held back unless --with-held-back asks for them. The file appears whole.
    With --format klaviyo the file is the definition, which needs no warehouse.
    """
    if request.format == "klaviyo":
        from flows.command.segments_klaviyo import export_definition  # noqa: PLC0415  dlt costs a second

        return export_definition(request, request.segment, request.metrics, request.file, console, force=request.force)
    with _defined_or_not(request), console.working(), configured(request.settings())[0].read() as reader:
        exported = export_segment(
            reader,
            request.segment,
            request.file,
            request.account,
            with_held_back=request.with_held_back,
            force=request.force,
        )
    for line in segments_shown.lacking_lines(exported):
        console.say(line)
    console.show({**exported.to_json_dict(), "exit_status": 0}, segments_shown.exported_lines(exported))
    return 0


@command(app, SyncRequest)
def sync(request: SyncRequest, console: Console) -> int:
    """Give lists of Klaviyo the same members as segments, tell webhooks who came and went, and write the files.

    Only segments and destinations that the settings name. Who was put into a
    list by somebody else stays in it. 3 where a list would lose more members
    than the guard lets it, 5 where a destination refused or did not answer.
    """
    from flows.jobs import deliveries  # noqa: PLC0415  only what delivers needs it

    with console.working() as progress:
        done = deliveries.segments(request, progress)
    console.show(done.to_json_dict(), delivery_lines(done))
    return done.exit_status


class ImportRequest(Request):
    """Definitions of another system."""

    file: Annotated[Path, Option(metavar="FILE", is_argument=True)] = Field(
        description="What GET /api/segments answered, or one definition, as JSON."
    )
    format: Literal["klaviyo"] = Field(default="klaviyo", description="Whose format it is: klaviyo.")
    metrics: Path | None = Field(default=None, description="File with what Klaviyo's GET /api/metrics answered.")
    to: Path | None = Field(default=None, description="Folder to write to, instead of that of the settings.")


@command(app, ImportRequest, "import")
def import_definitions(request: ImportRequest, console: Console) -> int:
    """Take over segments of Klaviyo, a file each; 2 where one of them cannot be said here.

    No file is written over. Look at each before the next run: its description is yours to write.
    """
    from flows.command.segments_klaviyo import import_segments  # noqa: PLC0415  dlt costs a second

    return import_segments(request, console)


@command(app, Request)
def check(request: Request, console: Console) -> int:
    """Read all definitions, and say what is wrong with which line; it works before the first publication, too."""
    settings = request.settings()
    found, problems = definitions(settings.segments, shipped=settings.shipped_segments)
    checked = segments_told.Checked(
        settings.segments, found, problems, of_unknown_accounts(settings, found), missing_folder(settings)
    )
    console.show({**checked.to_json_dict(), "exit_status": checked.exit_status}, segments_told.check_lines(checked))
    return checked.exit_status
