"""The hand-offs of one account become tickets, each once: what is new since the last run, and what was left over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from flows.delivery.delivered import Delivered
from flows.delivery.handoffs.book import Book, Entry
from flows.delivery.handoffs.helpdesk import Helpdesk
from flows.delivery.handoffs.ticket import external_id
from flows.delivery.handoffs.wanted import REACH, Handoff, accepted, known_handoffs, those_of, tickets
from flows.delivery.ledger import stamp
from flows.delivery.outbox import ENOUGH
from flows.delivery.planned import PlannedTicket
from flows.delivery.work import Work
from flows.ground.errors import AgentMetricsError, SourceRefused, SourceUnavailable
from flows.settings.requests import HandoffsRequest

CHUNK = 50  # tickets whose contents are read at a time
SHOWN = 20  # of a dry run
LATE = f"the shopper accepted more than {REACH.days} days ago"


@dataclass(frozen=True)
class Desk:
    """Where the hand-offs of some channels go: `channels` has the method of each.

    `open` gives the helpdesk of a channel, and is called when it is needed. `has_ids`: it tells the ids of tickets;
    what goes as an event has none.
    """

    destination: str
    channels: Mapping[str, str]
    has_ids: bool
    open: Callable[[str], Helpdesk]


class Creating:
    """The hand-offs of one account to one desk; `page` is the address of the page that tickets lead to."""

    def __init__(self, work: Work, request: HandoffsRequest, desk: Desk, page: str | None) -> None:
        self._work, self._request, self._desk, self._page = work, request, desk, page
        self._book = Book(work.ledger, work.account)
        self._done = Delivered(work.account, desk.destination, "handoff")
        self._error: SourceUnavailable | None = None
        self._failures = 0
        self._figures = dict.fromkeys(("created", "found_there", "dropped", "waiting_for_an_email"), 0)

    def run(self) -> Delivered:
        """Make the tickets; whatever goes wrong stands in the result."""
        done, figures = self._done, self._figures
        try:
            self._create()
        except AgentMetricsError as error:
            done.outcome, done.error, done.exit_status = "failed", str(error), error.exit_status
        if self._error:
            done.outcome, done.error = "failed", str(self._error)
        elif done.outcome == "nothing_new" and (figures["created"] or figures["found_there"]):
            done.outcome = "delivered"
        elif done.outcome == "nothing_new" and done.refused:
            done.outcome, done.error = "failed", "everything was refused"
        if (self._error or done.refused) and not done.exit_status:
            done.exit_status = SourceUnavailable.exit_status
        if not self._request.dry_run:
            done.figures |= figures | {"waiting": self._book.left(self._desk.destination)}
            done.note(self._work.ledger)
        return done

    def _create(self) -> None:
        publication, now = self._work.publication, datetime.now(UTC)
        since = self._since()
        left_over = self._book.open(self._desk.destination, failed=self._request.failed)
        behind = {
            channel: begun
            for channel, begun in since.items()
            if not self._book.has_all_of(channel, publication.publication_id)
        }
        if not left_over and not behind:
            return
        known_handoffs(self._work.reader)
        if behind:
            left_over += [one for one in self._book.refused(self._desk.destination) if one not in left_over]
        published = those_of(self._work.reader, self._work.account, [one.conversation_id for one in left_over])
        wanted = [one for entry in left_over if (one := self._still(entry, published.get(entry.conversation_id), now))]
        new = accepted(self._work.reader, self._work.account, behind, now)
        wanted += [one for one in new if self._book.is_new(one.conversation_id)]
        reachable = [one for one in wanted if one.email]
        self._figures["waiting_for_an_email"] = len(wanted) - len(reachable)
        if self._request.dry_run:
            self._done.outcome = "planned"
            self._done.figures = {"planned": len(reachable)} | {
                "waiting_for_an_email": self._figures["waiting_for_an_email"]
            }
            some = reachable[: self._request.limit or SHOWN]
            self._done.sample = tuple(_planned(one, self._desk.destination) for one in some)
            return
        if self._make(reachable[: self._request.limit]) and len(reachable) <= (self._request.limit or len(reachable)):
            for channel in behind:
                self._book.finish(channel, publication.publication_id)

    def _since(self) -> dict[str, datetime]:
        """Since when the hand-offs of each channel count; those that were accepted before are history."""
        since = {channel: self._book.since(channel) for channel in self._desk.channels}
        as_of = self._work.publication.as_of
        if new := [channel for channel, begun in since.items() if begun is None]:
            self._done.hint = (
                f"{self._desk.destination} gets hand-offs of {', '.join(new)} that are accepted after "
                f"{stamp(as_of)[:19]}Z, as this is the first time"
            )
        for channel in new if not self._request.dry_run else ():
            self._book.begin(channel, as_of)
        return {channel: begun or as_of for channel, begun in since.items()}

    def _still(self, entry: Entry, one: Handoff | None, now: datetime) -> Handoff | None:
        """The hand-off of an entry that is to be tried again; None where it is not, which is noted."""
        why = one.taken_because() if one else "it is not a hand-off any more"
        if entry.channel not in self._desk.channels:
            why = f"nothing becomes of hand-offs of {entry.channel} in {self._desk.destination} any more"
        if one and why is None:
            if entry.state == "refused" and not self._request.failed:
                return None
            if not one.is_late(now):
                return one
            why = LATE
        if not self._request.dry_run:
            self._settle(entry, one, why or "")
        return None

    def _settle(self, entry: Entry, one: Handoff | None, why: str) -> None:
        """What nobody wants any more: its ticket may be there, made by a try that was interrupted."""
        channel = entry.channel if entry.channel in self._desk.channels else next(iter(self._desk.channels))
        try:
            desk = self._desk.open(channel)
            number = desk.find(external_id(entry.account, entry.conversation_id))
            if number is None:
                self._book.drop(entry.conversation_id, why)
                self._figures["dropped"] += 1
                return
            if one and one.email:  # what of it is not there yet
                for ticket in tickets(self._work.reader, [one], self._page):
                    number = desk.create(ticket).ticket_id
        except SourceRefused as refused:
            self._refuse(entry.conversation_id, refused)
        except SourceUnavailable as error:
            self._fail(entry.conversation_id, error)
        else:
            self._book.created(entry.conversation_id, number)
            self._figures["found_there"] += 1

    def _make(self, wanted: Sequence[Handoff]) -> bool:
        """Make the tickets; whether each was tried."""
        self._work.progress.start(f"hand-offs to {self._desk.destination}")
        for start in range(0, len(wanted), CHUNK):
            some = wanted[start : start + CHUNK]
            for one, ticket in zip(some, tickets(self._work.reader, some, self._page), strict=True):
                if self._failures >= ENOUGH:
                    self._work.progress.finish()
                    return False
                desk = self._desk.open(one.channel)
                self._book.start(one, self._desk.destination, self._desk.channels[one.channel])
                try:
                    made = desk.create(ticket)
                except SourceRefused as refused:
                    self._refuse(one.conversation_id, refused)
                except SourceUnavailable as error:
                    self._fail(one.conversation_id, error)
                else:
                    self._failures = 0
                    self._book.created(one.conversation_id, made.ticket_id if self._desk.has_ids else None)
                    self._figures["found_there" if made.was_there else "created"] += 1
                self._work.progress.advance(1)
        self._work.progress.finish()
        return True

    def _refuse(self, conversation_id: str, refused: SourceRefused) -> None:
        self._done.refused[refused.what] = self._done.refused.get(refused.what, 0) + 1
        self._book.refuse(conversation_id, str(refused))

    def _fail(self, conversation_id: str, error: SourceUnavailable) -> None:
        self._error, self._failures = error, self._failures + 1
        if not self._book.failed(conversation_id, error):
            self._done.refused[error.what] = self._done.refused.get(error.what, 0) + 1


def _planned(one: Handoff, destination: str) -> PlannedTicket:
    return PlannedTicket(one.conversation_id, one.channel, destination, one.email, stamp(one.accepted_at))
