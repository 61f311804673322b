"""The verbs that deliver: segments to lists, events, follow-ups, hand-offs.

One destination never keeps another from its part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from flows.delivery import folder, telling
from flows.delivery.delivered import Delivered
from flows.delivery.destinations import Destination, ToKlaviyo, destinations
from flows.delivery.handoffs.book import Book
from flows.delivery.handoffs.book import retry as go_to_the_team_again
from flows.delivery.handoffs.creating import Creating
from flows.delivery.handoffs.desks import desks
from flows.delivery.health import replay as go_again
from flows.delivery.ledger import Ledger
from flows.delivery.messages import Sending
from flows.delivery.syncing import sync
from flows.delivery.work import Work
from flows.ground.errors import DeliveryHeld, InputError
from flows.ground.progress import Progress
from flows.jobs.job import Job, begun, holding
from flows.settings import AccountSettings, credentials
from flows.settings.handoffs import switched_on
from flows.settings.requests import (
    DeliveryRequest,
    EventsRequest,
    FollowUpsRequest,
    HandoffsRequest,
    HomeRequest,
    SyncRequest,
)
from flows.warehouses.publication import Publication, is_held, newest_publication

SWITCH = "name a destination under [accounts.deliveries] in the settings (docs/deliveries.md)"


@dataclass(frozen=True)
class Deliveries:
    """What was delivered of a publication, or would be, where the run was a dry run."""

    publication: Publication
    is_dry: bool
    delivered: tuple[Delivered, ...]

    @property
    def exit_status(self) -> int:
        """0, or of the first delivery that failed; a guard that holds (3) comes after failures."""
        statuses = [one.exit_status for one in self.delivered if one.exit_status]
        return next((one for one in statuses if one != 3), statuses[0] if statuses else 0)

    def to_json_dict(self) -> dict[str, Any]:
        return {
            "publication_id": self.publication.publication_id,
            "dry_run": self.is_dry,
            "deliveries": [one.to_json_dict() for one in self.delivered],
            "exit_status": self.exit_status,
        }


def segments(request: SyncRequest, progress: Progress | None = None) -> Deliveries:
    """Give lists the members of segments, tell webhooks who came and went, and write the files.

    Raises InputError where nothing is switched on, DeliveryHeld while publications are held (rule 9.2), HomeBusy,
    StorageFailed, WarehouseFailed.
    """
    return _delivered(request, progress, "segments", partial(_segments, request=request))


def events(request: EventsRequest, progress: Progress | None = None) -> Deliveries:
    """Send the four events. Raises as `segments`."""
    return _delivered(request, progress, "events", partial(_events, request=request))


def follow_ups(request: FollowUpsRequest, progress: Progress | None = None) -> Deliveries:
    """Send the follow-ups that are due. Raises as `segments`."""
    return _delivered(request, progress, "follow_ups", _follow_ups)


def handoffs(request: HandoffsRequest, progress: Progress | None = None) -> Deliveries:
    """Make the tickets of hand-offs. Raises as `segments`."""
    job = begun(request, progress)
    accounts = [one for one in _of_account(job, request.account) if list(switched_on(one.handoffs))]
    if not accounts:
        what = "nothing becomes of hand-offs, so nothing was done"
        raise InputError(what, remedy="add [accounts.handoffs.<channel>] to the settings (docs/handoffs.md)")

    def create(work: Work, account: AccountSettings) -> Iterator[Delivered]:
        there = list(desks(account, credentials(), _waiting(job)))
        if not request.dry_run:
            Book(work.ledger, work.account).leave_behind([one.destination for one in there])
        for desk in there:
            yield Creating(work, request, desk, job.settings.dashboard.url).run()

    return _done(job, request, accounts, create, job.home.handing_over)


def _segments(
    work: Work, account: AccountSettings, to: Sequence[Destination], request: SyncRequest
) -> Iterator[Delivered]:
    for one in to:
        for key in _chosen(one.settings.segments, request):
            if isinstance(one, ToKlaviyo):
                yield sync(work, one, key, request)
            else:
                tell = partial(telling.changes, work.reader, work.account, key, until=work.publication.as_of)
                yield Sending(work, one, "segment_change", tell, of=key).run()
    if files := account.deliveries.folder:
        for key in _chosen(files.segments, request):
            yield folder.segment(work, files, key)


def _events(
    work: Work, account: AccountSettings, to: Sequence[Destination], request: EventsRequest
) -> Iterator[Delivered]:
    tell = partial(telling.events, work.reader, work.account, until=work.publication.as_of)
    for one in to:
        if one.settings.events:
            yield Sending(work, one, "event", tell, backfill=request.backfill).run()
    if (files := account.deliveries.folder) and files.events:
        yield folder.events(work, files)


def _follow_ups(work: Work, account: AccountSettings, to: Sequence[Destination]) -> Iterator[Delivered]:
    tell = partial(telling.follow_ups, work.reader, work.account, until=work.publication.as_of)
    for one in to:
        if one.settings.follow_ups:
            yield Sending(work, one, "follow_up", tell).run()
    if (files := account.deliveries.folder) and files.follow_ups:
        yield folder.follow_ups(work, files)


def _chosen(keys: tuple[str, ...], request: SyncRequest) -> tuple[str, ...]:
    return tuple(key for key in keys if request.segments is None or key in request.segments)


def _delivered(
    request: DeliveryRequest,
    progress: Progress | None,
    part: str,
    deliver: Callable[[Work, AccountSettings, Sequence[Destination]], Iterable[Delivered]],
) -> Deliveries:
    job = begun(request, progress)
    if not request.dry_run and is_held(job.home, job.warehouses[0].standing()):
        what = "somebody went back to an earlier publication, and who withdrew consent since may be reached in it"
        remedy = "publish what is right with `agent-metrics publish --resume`, then send; --dry-run shows what would go"
        raise DeliveryHeld(what, where="what is published", remedy=remedy)

    def all_of(work: Work, account: AccountSettings) -> Iterable[Delivered]:
        return deliver(work, account, list(destinations(account, credentials(), _waiting(job))))

    return _done(job, request, _switched_on(job, request, part), all_of, job.home.delivering)


def _done(
    job: Job,
    request: DeliveryRequest,
    accounts: Sequence[AccountSettings],
    deliver: Callable[[Work, AccountSettings], Iterable[Delivered]],
    hold: Callable[[], AbstractContextManager[None]],
) -> Deliveries:
    with _ledger(job, request, hold) as ledger, job.warehouses[0].read() as reader:
        publication = newest_publication(reader)
        done = list[Delivered]()
        for account in accounts:
            work = Work(account.account_id, request, publication, reader, ledger, job.progress)
            done += deliver(work, account)
    return Deliveries(publication, request.dry_run, tuple(done))


def _of_account(job: Job, account: str | None) -> list[AccountSettings]:
    """The account of this id, or all. Raises InputError where the settings do not have it."""
    accounts = [one for one in job.settings.accounts if account in {None, one.account_id}]
    if account is not None and not accounts:
        raise InputError(f"the settings have no account {account!r}", where="--account", remedy="correct its id")
    return accounts


def _switched_on(job: Job, request: DeliveryRequest, part: str) -> list[AccountSettings]:
    """The accounts of which such a part is delivered. Raises InputError where there is none."""
    found = [one for one in _of_account(job, request.account) if any(getattr(to, part) for to in one.deliveries.all())]
    if not found:
        raise InputError(f"no destination gets {part.replace('_', '-')}, so nothing was delivered", remedy=SWITCH)
    if isinstance(request, SyncRequest):
        named = {key for one in found for to in one.deliveries.all() for key in to.segments}
        if unknown := sorted(set(request.segments or ()) - named):
            what = f"no destination gets the segment {', '.join(unknown)}"
            raise InputError(what, remedy=f"the settings name {', '.join(sorted(named))}")
    return found


@contextmanager
def _ledger(job: Job, request: DeliveryRequest, hold: Callable[[], AbstractContextManager[None]]) -> Iterator[Ledger]:
    """The ledger, with its part of it held; a delivery that only says what it would do holds and changes nothing."""
    if request.dry_run:
        with Ledger(job.home.deliveries, is_read_only=True) as ledger:
            yield ledger
    else:
        with holding(job, hold, request.wait), Ledger(job.home.deliveries) as ledger:
            yield ledger


def _waiting(job: Job) -> Callable[[float], None]:
    return lambda seconds: job.progress.advance(0, what=f"waiting {seconds:.0f} s for a rate limit")


def replay(request: HomeRequest, messages: Sequence[str] | None, account: str | None) -> int:
    """Let messages that were refused go again; how many there are. Raises HomeBusy, StorageFailed."""
    job = begun(request)
    with holding(job, job.home.delivering, request.wait), Ledger(job.home.deliveries) as ledger:
        return go_again(ledger, messages, account)


def retry(request: HomeRequest, conversations: Sequence[str] | None, account: str | None) -> int:
    """Let hand-offs that were refused or wait go with the next run; how many there are.

    Raises InputError for an account without settings, HomeBusy, StorageFailed.
    """
    job = begun(request)
    _of_account(job, account)
    with holding(job, job.home.handing_over, request.wait), Ledger(job.home.deliveries) as ledger:
        return go_to_the_team_again(ledger, conversations, account)
