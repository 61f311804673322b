"""What each verb does: pull, build, check, publish; `run`, which is these four in order; and the rarer verbs.

Each takes its request, holds the home for its whole time, and returns a `Result`. How a step is called is a
parameter: `directly` in this process, or as a Prefect task (`under_prefect`).
"""

from __future__ import annotations

from datetime import UTC, datetime

from flows import warehouses
from flows.ground.build import Build
from flows.ground.checked import Checked
from flows.ground.errors import InputError, SourceUnavailable
from flows.ground.progress import Progress
from flows.jobs import steps
from flows.jobs.calls import Call, directly
from flows.jobs.chosen import Source, reporting_sources, sources_to_pull
from flows.jobs.job import Job, begun, holding_home
from flows.jobs.result import Closed, Ending, Result, Unread, Verified
from flows.jobs.steps import Wanted
from flows.lake.repair import Mended
from flows.published.reconciliation import ours_alone, reconciled
from flows.settings.requests import (
    BuildRequest,
    CheckRequest,
    CompactRequest,
    PublishRequest,
    PullRequest,
    ReconcileRequest,
    RepairRequest,
    RollbackRequest,
    RunRequest,
    TopicsRequest,
    VerifyRequest,
)
from flows.warehouses import Target


def run(request: RunRequest, call: Call = directly, progress: Progress | None = None) -> Result:
    """Pull, build, check, publish (rule 9.1). Raises Closed where a check fails; the last publication stands then.

    A source that could not be read is noted in the result, and the rest goes on with what is in the lake.
    """
    job = begun(request, progress)
    sources = [] if request.full_refresh else sources_to_pull(request, job.settings)  # a full refresh reads the lake
    with holding_home(job, request.wait):
        result = Result("running", job.home.root)
        _pull_all(job, sources, call, result)
        if result.unread and not job.lake.newest():
            raise SourceUnavailable(result.unread[0].error)  # there is nothing to go on with
        if not job.lake.newest():
            what = "nothing has been delivered yet, so there is nothing to publish"
            remedy = "see that the sources have rows: for a folder, files such as conversations.csv"
            raise InputError(what, where=request.path or str(job.home.lake), remedy=remedy)
        _derive(job, Wanted(request.instant(), request.full_refresh), call, result)
        return result


def reconcile(request: ReconcileRequest, call: Call = directly, progress: Progress | None = None) -> Result:
    """Compare what sources report of a range of dates with ours, and publish both (chapter 10). Raises as `run`."""
    job, dates = begun(request, progress), (request.first, request.last)
    sources = reporting_sources(request.account, job.settings)
    with holding_home(job, request.wait):
        result = Result("running", job.home.root)
        for source in sources:
            try:
                result.pulled.append(call(steps.pull_reports, job, source, *dates))
            except SourceUnavailable as error:
                if len(sources) == 1:
                    raise
                result.unread.append(Unread(str(source), str(error)))
        _derive(job, Wanted(datetime.now(UTC)), call, result)
        if result.outcome != "held":
            with result.shows(job.warehouses).read() as reader:
                result.reconciliation = reconciled(reader, {source.account for source in sources}, *dates)
                result.ours_alone = ours_alone(reader, result.reconciliation)
        return result


def pull(request: PullRequest, call: Call = directly, progress: Progress | None = None) -> Result:
    """Load what the sources have that is new."""
    job = begun(request, progress)
    sources = sources_to_pull(request, job.settings)
    with holding_home(job, request.wait):
        result = Result("nothing_new", job.home.root)
        _pull_all(job, sources, call, result)
        if any(one.has_loaded for one in result.pulled):
            result.outcome = "pulled"
        elif result.unread:
            result.outcome = "unread"
        return result


def build(request: BuildRequest, call: Call = directly, progress: Progress | None = None) -> Result:
    """Derive the candidate from the lake."""
    with holding_home(begun(request, progress), request.wait) as job:
        damaged = call(steps.look_over, job)
        built = call(steps.build, job, Wanted(request.instant(), request.full_refresh))
        outcome: Ending = "built" if built.changed else "nothing_new"
        left = steps.ungrouped(job)
        return Result(outcome, job.home.root, build=built, damaged=damaged, ungrouped_accounts=left)


def check(request: CheckRequest, call: Call = directly, progress: Progress | None = None) -> Result:
    """Check the whole candidate, whatever was checked before. Raises Closed where a check fails."""
    with holding_home(begun(request, progress), request.wait) as job:
        built = Build.read(job.home)
        if built is None:
            remedy = "run `agent-metrics build` first"
            raise InputError("there is no complete build to check", where=str(job.home.candidate), remedy=remedy)
        result = Result("checked", job.home.root, build=built)
        _passed(job, result, call(steps.check, job, built, is_whole=True))
        return result


def publish(request: PublishRequest, call: Call = directly, progress: Progress | None = None) -> Result:
    """Publish the candidate that passed. Raises GateClosed where it did not, or was not checked."""
    with holding_home(begun(request, progress), request.wait) as job:
        result = Result("running", job.home.root, build=Build.read(job.home))
        _publish_all(job, call, result, call(steps.seal, job, resume=request.resume))
        return result


def topics(request: TopicsRequest, call: Call = directly, progress: Progress | None = None) -> Result:
    """Group all questions anew, keeping the ids of topics (rule 8.2), and publish. Raises as `run`; asks no source."""
    with holding_home(begun(request, progress), request.wait) as job:
        result = Result("running", job.home.root)
        _derive(job, Wanted(request.instant(), regroup=True), call, result)
        return result


def compact(request: CompactRequest, call: Call = directly, progress: Progress | None = None) -> Result:
    """Rewrite the lake's small files into few large files; the home is not held, so that runs may go on beside it."""
    job = begun(request, progress)
    done = call(steps.compact, job)
    return Result("compacted" if done.rows_written else "nothing_new", job.home.root, compacted=done)


def verify(request: VerifyRequest, progress: Progress | None = None) -> Verified:
    """Compare every file of the lake with what was written; a run may go on beside it. InputError without a lake."""
    return steps.verify(_with_lake(begun(request, progress)))


def repair(request: RepairRequest, progress: Progress | None = None) -> list[Mended]:
    """Mend what `verify` finds: what a source can give again is asked again, the rest is named. Raises as it does."""
    with holding_home(_with_lake(begun(request, progress)), request.wait) as job:
        return steps.repair(job)


def rollback(request: RollbackRequest, call: Call = directly, progress: Progress | None = None) -> Result:
    """Publish the publication before, or the named one, again, and hold further publications (rule 9.2)."""
    with holding_home(begun(request, progress), request.wait) as job:
        result = Result("running", job.home.root)
        _publish_all(job, call, result, warehouses.prepare_rollback(job.home, job.warehouses, to=request.to))
        return result


def _with_lake(job: Job) -> Job:
    """Refuse a home without a load: the name of another folder is no sign of health."""
    if not job.lake.newest():
        remedy = "see that --home names the right folder; the first load is made by `agent-metrics run`"
        raise InputError("nothing has been loaded here yet", where=str(job.home.lake), remedy=remedy)
    return job


def _pull_all(job: Job, sources: list[Source], call: Call, result: Result) -> None:
    """Ask every source; a source that could not be read, in spite of the retries, is noted."""
    for source in sources:
        try:
            result.pulled.append(call(steps.pull, job, source))
        except SourceUnavailable as error:
            result.unread.append(Unread(str(source), str(error)))


def _derive(job: Job, wanted: Wanted, call: Call, result: Result) -> None:
    """Build, check and publish. What of the lake is damaged and not needed for this is told in the result."""
    result.damaged = call(steps.look_over, job)
    result.build = call(steps.build, job, wanted)
    result.ungrouped_accounts = steps.ungrouped(job)
    _passed(job, result, call(steps.check, job, result.build, is_whole=False))
    _publish_all(job, call, result, call(steps.seal, job))


def _publish_all(job: Job, call: Call, result: Result, target: Target) -> None:
    """Bring every warehouse to the target; one that failed, in spite of the retries, is noted if another did not."""
    result.warehouses = warehouses.publish(
        job.home,
        job.warehouses,
        target,
        keep=warehouses.Keep(job.settings.keep_publications, job.settings.keep_days),
        switch=lambda warehouse: call(steps.publish, job, target, warehouse),
    )
    result.outcome, result.publication = target.outcome, target.publication


def _passed(job: Job, result: Result, checked: Checked) -> None:
    result.checked = checked
    if not checked.verdict.is_open:
        reference = warehouses.reference(job.home, job.warehouses)
        result.outcome = "gate_closed"
        result.publication = reference[0].newest if reference else None
        raise Closed(result)
