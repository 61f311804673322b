"""What people decide of topics (rule 8.5), and which of it no run has published yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from flows.ground.errors import InputError
from flows.jobs.job import Job, begun, holding_home
from flows.lake.decisions import Decision, decisions, write
from flows.settings.requests import HomeRequest, WarehouseRequest


def decide(
    request: HomeRequest, account_id: str, topic_id: str, state: str, *, owner: str | None, note: str | None
) -> Decision:
    """Write a decision of now into the lake; the next run publishes it. Raises InputError, HomeBusy, StorageFailed."""
    with holding_home(begun(request), request.wait) as job:
        if not job.lake.newest():
            what = "this home has no lake, so a decision would stay here unseen"
            raise InputError(what, where=str(job.home.root), remedy="decide where the runs are, or name their --home")
        now = datetime.now(UTC)
        made = Decision(account_id, topic_id, state, owner, note, now)
        # What a clock or a file dated later says the same from now on: it would count instead when its day comes.
        later = [replace(made, decided_at=one.decided_at) for one in decisions(job.lake) if _is_later(one, made)]
        write(job.lake, [made, *later])
        return made


def _is_later(one: Decision, than: Decision) -> bool:
    of = (one.account_id, one.topic_id)
    return of == (than.account_id, than.topic_id) and one.decided_at > than.decided_at


def unpublished(request: WarehouseRequest) -> list[Decision]:
    """The decisions in the lake of this home that are not in what is published: they came after it, or after its as-of.
    What is dated later than now is no decision yet. Raises StorageFailed.

    None where there is no lake here, or where this reader may not see which loads were published.
    """
    job: Job = begun(request)
    published = job.warehouses[0].standing()
    if published is None or published.build is None or not (job.settings.lake or job.home.lake.exists()):
        return []
    as_of, now = datetime.fromisoformat(published.build.as_of), datetime.now(UTC)
    found = {
        (one.account_id, one.topic_id): one
        for one in (
            *decisions(job.lake, published.build.loads_up_to, up_to=now),
            *(one for one in decisions(job.lake, up_to=now) if one.decided_at > as_of),
        )
    }
    return [found[of] for of in sorted(found)]
