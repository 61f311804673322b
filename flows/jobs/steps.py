"""What each step of a stage does: adapters between the job that was asked and the rooms that do the work.

Every step gives plain JSON values, because that is what files, artifacts and the command line show.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from itertools import starmap
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from flows import settings as configuration
from flows import warehouses
from flows.ground.clock import utc_text
from flows.ground.errors import InputError, SourceRefused
from flows.ground.home import Home, read_json, write_durably
from flows.ground.progress import Progress
from flows.lake import Lake
from flows.settings import Settings
from flows.sources import files
from flows.warehouses import Target, Warehouse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from expectations import gate
    from flows.sources.api import Client

YEARS = range(1900, 2201)  # the years that the contract knows
REPORTING = ("klaviyo",)  # sources with figures of their own, in their module `reports`


@dataclass(frozen=True)
class Source:
    """A source to ask, and the account that it is of; a folder of files is of no single one."""

    name: str
    account: str | None = None

    def client(self, settings: Settings, progress: Progress) -> Client:
        """The way to it. Raises InputError where its credentials are not there."""
        account = next(one for one in settings.accounts if one.account_id == self.account)
        module = importlib.import_module(f"flows.sources.{self.name}.client")

        def waiting(seconds: float) -> None:
            progress.advance(0, what=f"waiting {seconds:.0f} s for the rate limit of {self.name}")

        client: Client = module.Client(
            account.account_id, getattr(account.sources, self.name), configuration.credentials(), waiting
        )
        return client

    def __str__(self) -> str:
        return f"{self.name} ({self.account})" if self.account else self.name


@dataclass(frozen=True)
class Ask:
    """What a stage is asked, in plain values; None and empty mean: as configured."""

    home: str | None = None
    config: str | None = None
    source: Sequence[str] = ()
    path: str | None = None
    as_of: str | None = None
    full_refresh: bool = False
    max_rejected_share: float | None = None
    max_volume_drop: float | None = None
    resume: bool = False
    engine: str | None = None
    warehouse: Sequence[str] = ()
    account: str | None = None
    first: str | None = None
    last: str | None = None
    regroup: bool = False

    def warehouses(self) -> list[Warehouse]:
        """All that are configured; what is read is read in the first."""
        settings = self.settings()
        return warehouses.named(Home(settings.home), settings.warehouse)

    def settings(self) -> Settings:
        """The settings under these options."""
        options: dict[str, Any] = {
            "home": self.home,
            "max_rejected_share": self.max_rejected_share,
            "max_volume_drop": self.max_volume_drop,
            "engine": self.engine,
            "warehouse": list(self.warehouse) or None,
            "sources": {"files": {"path": self.path}} if self.path else None,
        }
        given = {name: value for name, value in options.items() if value is not None}
        return configuration.load(Path(self.config) if self.config else None, given)

    def sources(self, settings: Settings) -> list[Source]:
        """Sources to ask: those named, else the one that a path implies, else those configured."""
        known, configured = configuration.known_sources(), list(starmap(Source, settings.configured_sources()))
        for name in self.source:
            if name not in known:
                remedy = f"known are: {', '.join(known)}"
                raise InputError(f"there is no source '{name}'", where="option --source", remedy=remedy)
            if name not in {one.name for one in configured}:
                section = f"[accounts.sources.{name}] below an account of"
                remedy = "give --path" if name == "files" else f"add {section} agent-metrics.toml"
                raise InputError(f"the source '{name}' has no settings", where="option --source", remedy=remedy)
        names = list(dict.fromkeys(self.source)) or (["files"] if self.path else [one.name for one in configured])
        if not names:
            raise InputError("no source is configured", remedy="give --path, or add sources to the settings")
        return sorted((one for one in configured if one.name in names), key=lambda one: names.index(one.name))

    def reporting(self, settings: Settings) -> list[Source]:
        """Sources that report figures of their own, of the account named or of all. Raises InputError."""
        known = [account.account_id for account in settings.accounts]
        if self.account is not None and self.account not in known:
            what, remedy = f"the settings have no account {self.account!r}", f"they have: {', '.join(known) or 'none'}"
            raise InputError(what, where="option --account", remedy=remedy)
        found = [one for one in starmap(Source, settings.configured_sources()) if one.name in REPORTING]
        found = [one for one in found if self.account in {None, one.account}]
        if not found:
            names, section = " or ".join(REPORTING), "[accounts.sources.klaviyo]"
            what = f"no account here has a source with figures of its own ({names})"
            raise InputError(what, remedy=f"add {section} below the account in agent-metrics.toml")
        return found

    def dates(self) -> tuple[date, date] | None:
        """The range of dates that is asked for, both included (rule 1.2). Raises InputError."""
        if self.first is None or self.last is None:
            return None
        first, last = a_date(self.first, "--from"), a_date(self.last, "--to")
        if first > last:
            remedy = "give the first date as --from and the last one as --to"
            raise InputError("the range ends before it begins", where="option --to", remedy=remedy)
        return first, last

    def instant(self) -> datetime:
        """As-of in UTC (rule 1.3): ISO 8601, UTC where it has no offset; a date is its first instant; None is now."""
        if self.as_of is None:
            return datetime.now(UTC)
        try:
            instant = datetime.fromisoformat(self.as_of.strip())
            instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
        except (ValueError, OverflowError):
            instant = datetime.min.replace(tzinfo=UTC)
        if instant.year not in YEARS:
            what = f"'{self.as_of}' is no instant of the years 1900 to 2200"
            raise InputError(what, where="option --as-of", remedy="write it as 2026-06-07T12:00:00Z or 2026-06-07")
        return instant


@dataclass(frozen=True)
class Job:
    """One stage at work: what it was asked, resolved."""

    settings: Settings
    sources: list[Source]
    as_of: datetime
    full_refresh: bool
    resume: bool
    regroup: bool
    dates: tuple[date, date] | None
    progress: Progress

    @property
    def home(self) -> Home:
        return Home(self.settings.home)

    @property
    def warehouses(self) -> list[Warehouse]:
        return warehouses.named(self.home, self.settings.warehouse, self.settings.memory_limit)

    @property
    def lake(self) -> Lake:
        return Lake(self.home.lake, self.settings.lake)


def pull(job: Job, source: Source) -> dict[str, Any]:
    """Load what one source has that is new. Raises InputError, SourceUnavailable, StorageFailed."""
    if source.account is None:
        folder = job.settings.sources.files
        assert folder is not None  # noqa: S101  it is configured, or `Ask.sources` had not named it
        return asdict(files.pull(folder.path, job.lake, job.progress))
    return _loaded(job, source, _client(job, source))


def pull_reports(job: Job, source: Source) -> dict[str, Any]:
    """Load what a source itself reports of the job's dates. Raises SourceUnavailable, StorageFailed."""
    assert job.dates is not None  # noqa: S101  the command asks for them
    reports = importlib.import_module(f"flows.sources.{source.name}.reports")
    (zone,) = (one.timezone for one in job.settings.accounts if one.account_id == source.account)
    return _loaded(job, source, reports.Reports(_client(job, source), ZoneInfo(zone), *job.dates))


def _client(job: Job, source: Source) -> Client:
    try:
        return source.client(job.settings, job.progress)
    except InputError as error:  # what is wrong with one source is no reason not to ask the others
        raise SourceRefused(error.what, where=error.where or "", remedy=error.remedy or "") from error


def _loaded(job: Job, source: Source, client: Client) -> dict[str, Any]:
    from flows.sources import api  # noqa: PLC0415  dlt costs a second

    return asdict(api.pull(source.name, client, job.lake, job.progress, job.settings.pull_minutes))


def compact(job: Job) -> dict[str, Any]:
    """Rewrite the lake's small files into few large ones. Raises HomeBusy, StorageFailed."""
    from flows.lake.compaction import compact as rewrite  # noqa: PLC0415

    with job.home.compacting():
        return asdict(rewrite(job.lake, job.home.lock, job.settings.memory_limit, job.progress))


def build(job: Job) -> dict[str, Any]:
    """Derive the candidate from the lake: the document that stands in build.json. Raises BuildFailed."""
    from flows import engines, questions  # noqa: PLC0415  a run that only pulls needs none

    def group(connection: DuckDBPyConnection) -> int:
        from flows.questions.updating import update  # noqa: PLC0415  scikit-learn costs seconds

        return update(
            job.home.topics,
            connection,
            as_of=job.as_of,
            embedder=job.settings.topics.embedder,
            regroup=job.regroup,
            progress=job.progress,
        ).version

    method = questions.method(job.settings.topics.embedder)
    built = engines.build(
        job.home,
        job.lake,
        job.settings,
        engines.Topics(job.home.topics, method, job.regroup, group),
        as_of=job.as_of,
        full_refresh=job.full_refresh,
        progress=job.progress,
    )
    document: dict[str, Any] = built.to_json_dict()
    return document


def check(job: Job, built: dict[str, Any], is_run: bool) -> dict[str, Any]:
    """The gate's verdict on the build: the document that stands in check.json.

    In a run only what the build changed is looked at where it continues the build that is published (all of which
    was checked then), and nothing where this very build has passed already.
    """
    reference = warehouses.reference(job.home, job.warehouses)
    standing, published_file = reference or (None, None)
    published_build = standing.build_id if standing else None
    thresholds = {
        "max_rejected_share": job.settings.max_rejected_share,
        "max_volume_drop": job.settings.max_volume_drop,
    }
    against = standing.newest.publication_id if standing else None
    facts = {"build_id": built["build_id"], "thresholds": thresholds, "against": against}
    if is_run and (earlier := read_json(job.home.check_file)) and earlier.get("is_open"):
        is_same = all(earlier.get(name) == fact for name, fact in facts.items())
        if is_same or earlier.get("build_id") == built["build_id"] == published_build:
            return earlier

    from expectations import gate, page  # noqa: PLC0415  Great Expectations costs seconds

    continues = built["mode"] == "incremental" and published_build is not None and published_build == built["base"]
    verdict = gate.check(
        _candidate(job, built, published_file),
        gate.Thresholds(**thresholds),
        scope="changed" if is_run and continues else "all",
        as_of=datetime.fromisoformat(built["as_of"]),
        published_as_of=standing.newest.as_of if standing else None,
        published_load=standing.build["loads_up_to"] if standing else 0,
        progress=job.progress,
    )
    checked_at = utc_text(datetime.now(UTC))
    document: dict[str, Any] = {**facts, "checked_at": checked_at, **verdict.to_json_dict()}
    heading = {"build": built["build_id"], "as of": built["as_of"], "checked at": checked_at, "scope": verdict.scope}
    write_durably(job.home.check_page, page.render(verdict, heading))
    write_durably(job.home.check_file, json.dumps(document, indent=1))
    return document


def _candidate(job: Job, built: dict[str, Any], published_file: Path | None) -> gate.Candidate | gate.OnSpark:
    """Where the gate finds the build: in files, or in the session of the engine that made it."""
    from expectations.verdict import Candidate, OnSpark  # noqa: PLC0415

    if built["engine"] == "duckdb":
        return Candidate(job.home.work_file, job.home.candidate_file, published_file)
    from flows import engines  # noqa: PLC0415

    return OnSpark(engines.opened(job.home, job.lake, job.settings, built["loads_up_to"]), published_file)


def seal(job: Job) -> Target:
    """Decide what every warehouse is to show, and make the file it comes from. Raises GateClosed."""
    if (built := read_json(job.home.build_file)) and built["engine"] == "spark":
        from flows import engines  # noqa: PLC0415

        engines.gather(job.home, job.settings.memory_limit)
    return warehouses.prepare(job.home, job.warehouses, resume=job.resume)


def publish(job: Job, target: Target, warehouse: Warehouse) -> dict[str, Any]:
    """Bring one warehouse to the target; what travelled. Raises StorageFailed, WarehouseFailed."""
    sent = warehouses.switch(job.home, warehouse, target)
    return {"warehouse": str(warehouse), **(asdict(sent) if sent else {})}


def a_date(text: str, option: str) -> date:
    """The date that an option names. Raises InputError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"'{text}' is no date", where=f"option {option}", remedy="write it as 2026-06-07") from None
