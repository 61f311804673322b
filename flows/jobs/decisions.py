"""What people decide of topics (rule 8.5), and which of it no run has published yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flows.ground.errors import InputError
from flows.jobs.job import Job, begun, holding_home
from flows.lake.decisions import Decision, decisions, write
from flows.settings.requests import HomeRequest, WarehouseRequest

NOTHING = timedelta(microseconds=1)


def decide(
    request: HomeRequest, account_id: str, topic_id: str, state: str, *, owner: str | None, note: str | None
) -> Decision:
    """Write a decision of now into the lake; the next run publishes it. Raises InputError, HomeBusy, StorageFailed."""
    with holding_home(begun(request), request.wait) as job:
        if not job.lake.newest():
            what = "this home has no lake, so a decision would stay here unseen"
            raise InputError(what, where=str(job.home.root), remedy="decide where the runs are, or name their --home")
        of = (account_id, topic_id)
        earlier = [one.decided_at for one in decisions(job.lake) if (one.account_id, one.topic_id) == of]
        now = max([datetime.now(UTC), *(one + NOTHING for one in earlier)])  # the newest counts, whatever clocks say
        made = Decision(account_id, topic_id, state, owner, note, now)
        write(job.lake, made)
        return made


def unpublished(request: WarehouseRequest) -> list[Decision]:
    """The decisions in the lake of this home that are not in what is published: they came after it, or after its as-of.
    Raises StorageFailed.

    None where there is no lake here, or where this reader may not see which loads were published.
    """
    job: Job = begun(request)
    published = job.warehouses[0].standing()
    if published is None or published.build is None or not (job.settings.lake or job.home.lake.exists()):
        return []
    as_of = datetime.fromisoformat(published.build.as_of)
    found = {
        (one.account_id, one.topic_id): one
        for one in (
            *decisions(job.lake, published.build.loads_up_to),
            *(one for one in decisions(job.lake) if one.decided_at > as_of),
        )
    }
    return [found[of] for of in sorted(found)]
