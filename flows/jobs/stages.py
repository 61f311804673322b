"""The stages as plain functions: pull, build, check, publish, and `run`, which is all four in order.

Each takes what it is asked (`Ask`, plain values as they come from a command line or a deployment), holds the
home's lock for its whole time, and gives a `Result`. How a step is called is a parameter: `directly` in this
process, or as a Prefect task (flows/jobs/under_prefect.py); the order and the retries are the same.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from flows import warehouses
from flows.ground.errors import AgentMetricsError, GateClosed, InputError, SourceUnavailable, WarehouseFailed
from flows.ground.home import Home, read_json
from flows.ground.progress import Progress, Silent
from flows.jobs import steps
from flows.jobs.steps import Ask, Job, Source
from flows.published.reconciliation import reconciled
from flows.settings import Settings
from flows.warehouses import Target, Warehouse

RETRY_DELAYS = [5.0, 30.0, 120.0]  # seconds between the tries of a step that failed for a transient reason

T = TypeVar("T")
Reads = Callable[[Ask, Settings], list[Source]]
log = logging.getLogger("agent_metrics")


class Call(Protocol):
    """How a step is called with what it takes."""

    def __call__(self, step: Callable[..., T], *args: Any) -> T: ...


def directly(step: Callable[..., T], *args: Any) -> T:
    """Call the step in this process; again after a while where the error says that this can help."""
    for delay in RETRY_DELAYS:
        try:
            return step(*args)
        except AgentMetricsError as error:
            if not error.is_transient:
                raise
            log.warning("%s; trying again in %g s", error, delay)
            time.sleep(delay)
    return step(*args)


@dataclass
class Result:
    """What a stage did; also the JSON that the command line prints."""

    outcome: str
    home: Path
    pull: list[dict[str, Any]] = field(default_factory=list)
    unread: list[dict[str, str]] = field(default_factory=list)
    build: dict[str, Any] | None = None
    check: dict[str, Any] | None = None
    publication: dict[str, Any] | None = None
    warehouses: list[dict[str, Any]] = field(default_factory=list)
    compact: dict[str, Any] | None = None
    reconciliation: list[dict[str, Any]] | None = None

    @property
    def exit_status(self) -> int:
        """0, or 3 for a closed gate, or 1 where a warehouse is behind, or 5 where a source could not be read."""
        if self.outcome == "gate_closed":
            return GateClosed.exit_status
        if self.behind():
            return WarehouseFailed.exit_status
        return SourceUnavailable.exit_status if self.unread else 0

    def not_passed(self) -> list[dict[str, Any]]:
        """The checks that failed, warned or could not run, as they stand in check.json."""
        return [one for one in self.check["outcomes"] if one["outcome"] != "passed"] if self.check else []

    def behind(self) -> list[dict[str, Any]]:
        """The warehouses that do not show the publication."""
        return [one for one in self.warehouses if "error" in one]

    def to_json_dict(self) -> dict[str, Any]:
        check = None
        if self.check:
            check = {name: self.check[name] for name in ("is_open", "scope", "passed", "total")}
            check |= {"failed": self.not_passed(), "page": str(Home(self.home).check_page)}
        rows = sum(sum(summary["rows"].values()) for summary in self.pull)
        refused = sum(sum(summary["refused"].values()) for summary in self.pull)
        return {
            "outcome": self.outcome,
            "exit_status": self.exit_status,
            "home": str(self.home),
            "publication": self.publication,
            "warehouses": self.warehouses,
            "pull": self.pull,
            "unread": self.unread,
            "rejected_share": refused / rows if rows else None,
            "build": self.build,
            "check": check,
            "compact": self.compact,
            "reconciliation": self.reconciliation,
        }


class Closed(GateClosed):
    """The gate closed; carries the result, for the summary."""

    def __init__(self, result: Result) -> None:
        failed = [one for one in result.not_passed() if closes(one)]
        names = ", ".join(one["name"] for one in failed[:3]) + (", …" if len(failed) > 3 else "")
        super().__init__(
            f"the gate is closed, {len(failed)} of {(result.check or {})['total']} checks failed ({names})"
            " and nothing changes for readers",
            where=str(Home(result.home).check_page),
            remedy="look at the rows on that page, mend the source or the setting, and run again",
        )
        self.result = result


def closes(outcome: dict[str, Any]) -> bool:
    """Whether an outcome that did not pass closes the gate: a critical failure, or a check that could not run."""
    return bool(outcome["outcome"] == "error" or outcome["severity"] == "critical")


def run(ask: Ask, call: Call = directly, progress: Progress | None = None) -> Result:
    """Pull, build, check, publish (rule 9.1). Raises Closed where a check fails; what was published stands then.

    A source that could not be read is noted in the result, and the rest goes on with what is in the lake.
    """
    reads = None if ask.full_refresh else Ask.sources  # a full refresh reads the lake only
    with _job(ask, progress, reads=reads) as job:
        result = Result("running", job.home.root)
        _pull_all(job, call, result)
        if result.unread and not job.lake.newest():
            raise SourceUnavailable(result.unread[0]["error"])  # there is nothing to go on with
        _derive(job, call, result)
        return result


def reconcile(ask: Ask, call: Call = directly, progress: Progress | None = None) -> Result:
    """Hold what sources report of a range of dates against ours, and publish both (chapter 10). Raises as `run`."""
    with _job(ask, progress, reads=Ask.reporting) as job:
        result = Result("running", job.home.root)
        for source in job.sources:
            try:
                result.pull.append(call(steps.pull_reports, job, source))
            except SourceUnavailable as error:
                if len(job.sources) == 1:
                    raise
                result.unread.append({"source": str(source), "error": str(error)})
        _derive(job, call, result)
        if result.outcome != "held" and job.dates:
            behind = {one["warehouse"] for one in result.behind()}
            with next(one for one in job.warehouses if str(one) not in behind).read() as reader:
                result.reconciliation = reconciled(reader, {source.account for source in job.sources}, *job.dates)
        return result


def pull(ask: Ask, call: Call = directly, progress: Progress | None = None) -> Result:
    """Load what the sources have that is new."""
    with _job(ask, progress, reads=Ask.sources) as job:
        result = Result("nothing_new", job.home.root)
        _pull_all(job, call, result)
        if any(summary.get("load") or summary.get("loads") for summary in result.pull):
            result.outcome = "pulled"
        elif result.unread:
            result.outcome = "unread"
        return result


def build(ask: Ask, call: Call = directly, progress: Progress | None = None) -> Result:
    """Derive the candidate from the lake."""
    with _job(ask, progress) as job:
        built = call(steps.build, job)
        return Result("built" if built["changed"] else "nothing_new", job.home.root, build=built)


def check(ask: Ask, call: Call = directly, progress: Progress | None = None) -> Result:
    """Check the whole candidate, whatever was checked before. Raises Closed where a check fails."""
    with _job(ask, progress) as job:
        built = read_json(job.home.build_file)
        if built is None:
            remedy = "run `agent-metrics build` first"
            raise InputError("there is no complete build to check", where=str(job.home.candidate), remedy=remedy)
        result = Result("checked", job.home.root, build=built)
        _passed(job, result, call(steps.check, job, built, False))
        return result


def publish(ask: Ask, call: Call = directly, progress: Progress | None = None) -> Result:
    """Publish the candidate that passed. Raises GateClosed where it did not, or was not checked."""
    with _job(ask, progress) as job:
        result = Result("publishing", job.home.root, build=read_json(job.home.build_file))
        _publish_all(job, call, result, call(steps.seal, job))
        return result


def topics(ask: Ask, call: Call = directly, progress: Progress | None = None) -> Result:
    """Group all questions anew, keeping the ids of topics (rule 8.2), and publish. Raises as `run`; asks no source."""
    with _job(replace(ask, regroup=True), progress) as job:
        result = Result("running", job.home.root)
        _derive(job, call, result)
        return result


def compact(ask: Ask, call: Call = directly, progress: Progress | None = None) -> Result:
    """Rewrite the lake's small files into few large ones; a run may go on beside it, so that the home is not held."""
    job = _asked(ask, progress)
    done = call(steps.compact, job)
    return Result("compacted" if done["rows_written"] else "nothing_new", job.home.root, compact=done)


def rollback(ask: Ask, to: str | None) -> Result:
    """Publish an earlier publication again, the one before or the one named, and hold further ones (rule 9.2)."""
    with _job(ask, None) as job:
        result = Result("going back", job.home.root)
        _publish_all(job, directly, result, warehouses.prepare_rollback(job.home, job.warehouses, to=to))
        return result


@contextmanager
def _job(ask: Ask, progress: Progress | None, *, reads: Reads | None = None) -> Iterator[Job]:
    """The job that was asked, holding its home; `reads` gives its sources. Raises InputError, HomeBusy."""
    job = _asked(ask, progress, reads)
    with job.home.lock():
        yield job


def _asked(ask: Ask, progress: Progress | None, reads: Reads | None = None) -> Job:
    settings = ask.settings()
    return Job(
        settings=settings,
        sources=reads(ask, settings) if reads else [],
        as_of=ask.instant(),
        full_refresh=ask.full_refresh,
        resume=ask.resume,
        regroup=ask.regroup,
        dates=ask.dates(),
        progress=progress or Silent(),
    )


def _derive(job: Job, call: Call, result: Result) -> None:
    """Build, check and publish."""
    result.build = call(steps.build, job)
    _passed(job, result, call(steps.check, job, result.build, True))
    _publish_all(job, call, result, call(steps.seal, job))


def _pull_all(job: Job, call: Call, result: Result) -> None:
    """Ask every source; one that could not be read, in spite of the retries, is noted."""
    for source in job.sources:
        try:
            result.pull.append(call(steps.pull, job, source))
        except SourceUnavailable as error:
            result.unread.append({"source": str(source), "error": str(error)})


def _publish_all(job: Job, call: Call, result: Result, target: Target) -> None:
    """Bring every warehouse to the target; one that failed, in spite of the retries, is noted if another did not."""
    named, failed = job.warehouses, list[tuple[Warehouse, AgentMetricsError]]()
    sent: dict[str, dict[str, Any]] = {}
    try:
        for warehouse in target.behind:
            try:
                sent[str(warehouse)] = call(steps.publish, job, target, warehouse)
            except AgentMetricsError as error:
                failed.append((warehouse, error))
    finally:
        at_fault = [warehouse for warehouse in target.behind if str(warehouse) not in sent]
        warehouses.finish(job.home, named, target, at_fault, job.settings.keep_publications)
    if len(failed) == len(named):
        raise failed[0][1]
    result.outcome = target.outcome
    result.publication = target.publication.to_json_dict() if target.publication else None
    errors = {str(warehouse): {"warehouse": str(warehouse), "error": str(error)} for warehouse, error in failed}
    result.warehouses = [sent.get(str(one)) or errors.get(str(one)) or {"warehouse": str(one)} for one in named]


def _passed(job: Job, result: Result, verdict: dict[str, Any]) -> None:
    result.check = verdict
    if not verdict["is_open"]:
        reference = warehouses.reference(job.home, job.warehouses)
        result.outcome = "gate_closed"
        result.publication = reference[0].newest.to_json_dict() if reference else None
        raise Closed(result)
