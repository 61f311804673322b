"""The steps of jobs: adapters between what was asked and the rooms that do the work.

A step can be tried again by itself. It gets a job and its own arguments, and returns what the room returns.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING

from expectations import gate, page
from flows import warehouses
from flows.ground.build import Build
from flows.ground.checked import Checked
from flows.ground.clock import utc_text
from flows.ground.errors import InputError, SourceRefused, StorageFailed
from flows.ground.home import write_durably
from flows.jobs.chosen import Source, configured_sources
from flows.jobs.job import Job
from flows.jobs.result import Verified
from flows.lake import Lake
from flows.lake.compaction import Compacted
from flows.lake.damage import Damage, examined, glance, without_checksum
from flows.lake.repair import Mended
from flows.lake.repair import repair as mend
from flows.sources import files
from flows.sources.pulled import Pulled
from flows.warehouses import Target, Warehouse
from flows.warehouses.warehouse import Sent

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from flows.delivery.ledger import HandedOver
    from flows.sources.api import Client

PUBLISHED_SENT = "select account_id, conversation_id, sent_at from metrics.follow_ups where sent_at is not null"
PUBLISHED_HANDED_OVER = """
select account_id, conversation_id, case type when 'message_sent' then 'message' else 'ticket' end, platform,
    ticket_id, occurred_at
from metrics.handoff_steps
where is_derived and handoff_event_id like '%/handed_over' and handoff_event_id not like '%/%/%'
"""


def pull(job: Job, source: Source) -> Pulled:
    """Load what one source has that is new. Raises InputError, SourceUnavailable, StorageFailed."""
    if source.account is None:
        folder = job.settings.sources.files
        assert folder is not None  # noqa: S101  it is configured, or it had not been chosen
        pulled: Pulled = files.pull(
            folder.path,
            job.lake,
            job.progress,
            follow_links=folder.follow_links,
            memory_limit=job.settings.memory_limit,
        )
        return pulled
    return _loaded(job, source, _client(job, source))


def pull_reports(job: Job, source: Source, first: date, last: date) -> Pulled:
    """Load what a source itself reports of these dates (rule 10.1). Raises SourceUnavailable, StorageFailed."""
    reports = importlib.import_module(f"flows.sources.{source.name}.reports")
    (zone,) = (one.timezone for one in job.settings.accounts if one.account_id == source.account)
    return _loaded(job, source, reports.Reports(_client(job, source), zone, first, last))


def _client(job: Job, source: Source) -> Client:
    try:
        return source.client(job.settings, job.progress)
    except InputError as error:  # what is wrong with one source must not keep the others from being asked
        raise SourceRefused(error.what, where=error.where or "", remedy=error.remedy or "") from error


def _loaded(job: Job, source: Source, client: Client) -> Pulled:
    from flows.sources import api  # noqa: PLC0415  dlt costs a second

    limit = job.settings.memory_limit
    return api.pull(source.name, client, job.lake, job.progress, job.settings.pull_minutes, memory_limit=limit)


def look_over(job: Job) -> list[Damage]:
    """What names, sizes and manifests of the lake show of damage, without reading its data. Raises StorageFailed."""
    return glance(job.lake)


def verify(job: Job) -> Verified:
    """Compare the whole lake with what was written. Raises StorageFailed."""
    lake = job.lake
    job.progress.start("verify")
    found = examined(lake, advance=lambda: job.progress.advance(1))
    job.progress.finish()
    return Verified(found, without_checksum(lake))


def repair(job: Job) -> list[Mended]:
    """Mend the lake; where anything was mended, the next build reads it all again. Raises StorageFailed."""
    folder = job.settings.sources.files

    def read_again(lake: Lake, number: int, paths: Collection[str]) -> Collection[str]:
        if folder is None:
            return []
        return files.read_again(folder.path, lake, number, paths, follow_links=folder.follow_links)

    done = mend(job.lake, {one.name for one in configured_sources(job.settings)}, read_again)
    if done:
        job.home.build_file.unlink(missing_ok=True)
    return done


def compact(job: Job) -> Compacted:
    """Rewrite the lake's small files into few large files. Raises HomeBusy, StorageFailed."""
    from flows.lake.compaction import compact as rewrite  # noqa: PLC0415

    with job.home.compacting():
        return rewrite(job.lake, job.home.lock, job.settings.memory_limit, job.progress)


@dataclass(frozen=True)
class Wanted:
    """What a build is to derive: as of which instant; all from the lake; all questions grouped anew (rule 8.2)."""

    as_of: datetime
    full_refresh: bool = False
    regroup: bool = False


def build(job: Job, wanted: Wanted) -> Build:
    """Derive the candidate from the lake. Raises BuildFailed, StorageFailed."""
    from flows import audiences, engines, questions  # noqa: PLC0415  a run that only pulls needs none of them
    from flows.jobs.segments import counting, of_nobody  # noqa: PLC0415
    from flows.questions import state  # noqa: PLC0415

    def group(connection: DuckDBPyConnection) -> int:
        from flows.questions.updating import update  # noqa: PLC0415  numpy and scipy take half a second

        return update(
            job.home.topics,
            connection,
            as_of=wanted.as_of,
            embedder=job.settings.topics.embedder,
            regroup=wanted.regroup,
            progress=job.progress,
            longest_wait=job.settings.topics.longest_wait_seconds,
        ).version

    segments, said = counting(job)

    def laid(engine: str, as_of: datetime) -> list[engines.Audience]:
        asked = [(one, audiences.queries(one, engine, as_of)) for one in segments]
        return [
            engines.Audience(
                one.key,
                one.segment.accounts,
                one.segment.name,
                one.segment.description,
                audiences.definition_text(one),
                one.segment.suppress_open_handoffs,
                query=queries.whole,
                narrow_query=queries.narrow,
                next_query=queries.ahead,
                digest=queries.digest,
            )
            for one, queries in asked
        ]

    delivered = _delivered(job, said)
    method = questions.method(job.settings.topics.embedder)
    built = engines.build(
        job.home,
        job.lake,
        job.settings,
        engines.Topics(
            method,
            wanted.regroup or bool(state.waiting(job.home.topics)),
            update=group,
            queries=partial(_grouping, job),
        ),
        engines.Audiences(
            audiences.fingerprint(segments),
            laid,
            tuple(said),
            delivered.follow_ups,
            [astuple(one) for one in delivered.handoffs],
            partial(audiences.moved_between, segments),
        ),
        as_of=wanted.as_of,
        full_refresh=wanted.full_refresh,
        progress=job.progress,
    )
    audiences.keep(segments, job.home.segments)
    return replace(built, segment_problems=[*built.segment_problems, *of_nobody(job, segments)])


def ungrouped(job: Job) -> list[str]:
    """The accounts whose questions wait for the grouping of the next build."""
    from flows.questions import state  # noqa: PLC0415  as where questions are grouped

    return state.waiting(job.home.topics)


@dataclass(frozen=True)
class Deliveries:
    """What the ledger of deliveries says: follow-ups with when they were sent, and hand-offs that somebody has."""

    follow_ups: Sequence[tuple[str, str, datetime]]
    handoffs: Sequence[HandedOver]


def _delivered(job: Job, said: list[str]) -> Deliveries:
    """What was delivered; of a ledger that cannot be read, which is said, what is published of it."""
    from flows.delivery import ledger  # noqa: PLC0415

    try:
        return Deliveries(ledger.sent_follow_ups(job.home.deliveries), ledger.handoffs_delivered(job.home.deliveries))
    except StorageFailed as error:
        said.append(f"{error}; until then those follow-ups and hand-offs count as sent that were published so last")
    first = job.warehouses[0]
    if first.standing() is None:
        return Deliveries((), ())
    with first.read() as reader:
        sent = reader.rows(PUBLISHED_SENT) if reader.sees("metrics.follow_ups", "sent_at") else ()
        told = reader.rows(PUBLISHED_HANDED_OVER) if reader.sees("metrics.handoff_steps", "is_derived") else ()
        return Deliveries(
            [(account, conversation, at.astimezone(UTC)) for account, conversation, at in sent],
            [
                ledger.HandedOver(account, conversation, method, platform, ticket, at.astimezone(UTC))
                for account, conversation, method, platform, ticket, at in told
            ],
        )


def check(job: Job, built: Build, *, is_whole: bool) -> Checked:
    """The gate's verdict on the build, which then also stands in check.json.

    Unless the check is to be whole, only what the build changed is looked at where the build continues the build that
    is published (all of that was checked), and nothing where this very build has passed already.
    """
    reference = warehouses.reference(job.home, job.warehouses)
    standing, published_file = reference or (None, None)
    published_build = standing.build_id if standing else None
    thresholds = {
        "max_rejected_share": job.settings.max_rejected_share,
        "max_volume_drop": job.settings.max_volume_drop,
    }
    against = standing.newest.publication_id if standing else None
    if not is_whole and (earlier := Checked.read(job.home)) and earlier.verdict.is_open:
        is_same = (earlier.build_id, earlier.thresholds, earlier.against) == (built.build_id, thresholds, against)
        if is_same or earlier.build_id == built.build_id == published_build:
            return earlier

    continues = built.mode == "incremental" and published_build is not None and published_build == built.base
    verdict = gate.check(
        _candidate(job, built, published_file),
        gate.Thresholds(**thresholds),
        scope="changed" if continues and not is_whole else "all",
        as_of=datetime.fromisoformat(built.as_of),
        published_as_of=standing.newest.as_of if standing else None,
        published_load=_published_load(job, standing.build if standing else None),
        progress=job.progress,
    )
    checked_at = utc_text(datetime.now(UTC))
    checked = Checked(built.build_id, thresholds, against, checked_at, verdict)
    heading = {"build": built.build_id, "as of": built.as_of, "checked at": checked_at, "scope": verdict.scope}
    write_durably(job.home.check_page, page.render(verdict, heading))
    checked.write(job.home)
    return checked


def _published_load(job: Job, published: Build | None) -> int:
    """The last load in what is published; 0 where the lake was set back since, and other loads bear its numbers."""
    if published is None or job.lake.identity(published.loads_up_to) != published.last_load:
        return 0
    return published.loads_up_to


def _candidate(job: Job, built: Build, published_file: Path | None) -> gate.Candidate | gate.OnSpark:
    """Where the gate finds the build: in files, or in the session of the engine that made it."""
    if built.engine == "duckdb":
        return gate.Candidate(job.home.work_file, job.home.candidate_file, published_file)
    from flows import engines  # noqa: PLC0415

    session = engines.opened(job.home, job.lake, job.settings, built, partial(_grouping, job))
    return gate.OnSpark(session, published_file)


def _grouping(job: Job, version: int, relation: Callable[[Path], str]) -> dict[str, str]:
    from flows.questions import state  # noqa: PLC0415  as where questions are grouped

    return state.views(job.home.topics / str(version), relation)


def seal(job: Job, *, resume: bool = False) -> Target:
    """Decide what every warehouse is to show, and make the file that it comes from. Raises GateClosed."""
    if (built := Build.read(job.home)) and built.engine == "spark":
        from flows import engines  # noqa: PLC0415

        engines.gather(job.home, job.settings.memory_limit)
    return warehouses.prepare(job.home, job.warehouses, resume=resume)


def publish(job: Job, target: Target, warehouse: Warehouse) -> Sent | None:
    """Bring one warehouse to the target; gives what was sent. Raises StorageFailed, WarehouseFailed."""
    return warehouses.switch(job.home, target, warehouse)
