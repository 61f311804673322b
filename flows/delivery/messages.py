"""All messages of a kind to one destination: what is new since the last time, and what was left over from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, islice

from flows.delivery.delivered import Delivered
from flows.delivery.destinations import Destination
from flows.delivery.ledger import stamp
from flows.delivery.message import Kind, Message
from flows.delivery.outbox import Outbox
from flows.delivery.planned import PlannedMessage
from flows.delivery.telling import Told
from flows.delivery.work import Work
from flows.ground.errors import AgentMetricsError, SourceUnavailable

CHUNK = 100  # messages at a time
SHOWN = 20  # of a dry run
REACH = timedelta(days=30)  # back from as-of: what comes later than that is history
FRESH = timedelta(days=1)  # what is older starts nothing over there
Tell = Callable[[datetime | None], Iterator[Told]]


class Sending:
    """The messages of one kind to one destination; `tell` gives those later than an instant, or all.

    `of` is the segment that they are about, where they are about a segment. With `backfill` the history from before
    the destination was there goes, too, and starts nothing.
    """

    def __init__(
        self, work: Work, to: Destination, kind: Kind, tell: Tell, *, of: str | None = None, backfill: bool = False
    ) -> None:
        self._work, self._to, self._kind, self._tell, self._backfill = work, to, kind, tell, backfill
        self._outbox = Outbox(work.ledger, work.account, to.name, kind, of)
        self._done = Delivered(work.account, to.name, kind, of or "")

    def run(self) -> Delivered:
        """Deliver; whatever goes wrong stands in the result."""
        done, outbox = self._done, self._outbox
        try:
            self._deliver()
        except AgentMetricsError as error:
            done.outcome, done.error, done.exit_status = "failed", str(error), error.exit_status
        if outbox.error:
            done.outcome, done.error = "failed", str(outbox.error)
        elif outbox.sent and done.outcome == "nothing_new":
            done.outcome = "delivered"
        elif outbox.refused and done.outcome == "nothing_new":
            done.outcome = "failed"
            done.error = None if outbox.left() else "everything was refused"
        done.refused = dict(outbox.refused)
        if (outbox.error or outbox.refused) and not done.exit_status:
            done.exit_status = SourceUnavailable.exit_status
        if not self._work.request.dry_run:
            done.figures |= {"sent": outbox.sent, "waiting": outbox.left(), "dropped": outbox.dropped}
            done.note(self._work.ledger)
        return done

    def _deliver(self) -> None:
        publication, request, begun = self._work.publication, self._work.request, self._outbox.since()
        since = begun or publication.as_of
        if begun is None:
            what = "that fall due" if self._kind == "follow_up" else "that happen"
            more = "; --backfill sends those from before" if self._kind == "event" and not self._backfill else ""
            self._done.hint = (
                f"{self._to.name} gets those {what} after {stamp(since)[:19]}Z, as this is the first time{more}"
            )
            if not request.dry_run:
                self._outbox.begin(since)
        left_over = self._left_over()
        if not left_over and self._outbox.has_all_of(publication.publication_id) and not self._backfill:
            return
        new = self._new(since)
        if request.dry_run:
            found = [one for _, one in (*left_over, *new)]
            self._done.outcome, self._done.figures["planned"] = "planned", len(found)
            self._done.sample = tuple(map(_planned, found[: request.limit or SHOWN]))
            return
        if self._send(islice(chain(left_over, new), request.limit)):
            self._outbox.finish(publication.publication_id)

    def _left_over(self) -> list[tuple[str, Message]]:
        """What was left over from before; follow-ups as long as they are still due."""
        found = self._outbox.unfinished()
        if self._kind != "follow_up" or not found:
            return found
        stale = datetime.now(UTC) - FRESH
        due = {one.message.message_id for one in self._tell(None) if one.message.at >= stale}
        if not self._work.request.dry_run:
            self._outbox.drop([one for _, one in found if one.message_id not in due], "it is not due any more")
        return [(about, one) for about, one in found if one.message_id in due]

    def _new(self, since: datetime) -> Iterator[tuple[str, Message]]:
        """What the ledger does not know yet, each with what it is about."""
        stale = datetime.now(UTC) - FRESH
        for one in self._tell(None if self._backfill else max(since, self._work.publication.as_of - REACH)):
            message = one.message
            if self._kind == "event" and self._to.has_itself(one.agent):
                self._leave_out("known_there")
                continue
            if self._kind == "follow_up" and message.at < stale:  # what is published is old
                self._leave_out("too_late")
                continue
            if one.can_repeat:
                times, last = self._outbox.times(one.about)
                if last is not None and message.at > last:  # it came to this again
                    message = replace(message, message_id=f"{message.message_id}#{times + 1}")
            if message.at < max(since, stale):
                message = replace(message, is_backfill=True)
            if self._outbox.is_new(message):
                yield one.about, message

    def _leave_out(self, reason: str) -> None:
        self._done.figures[reason] = self._done.figures.get(reason, 0) + 1

    def _send(self, messages: Iterable[tuple[str, Message]]) -> bool:
        """Whether all of them were handed over."""
        source = iter(messages)
        self._work.progress.start(f"{self._kind.replace('_', ' ')}s to {self._to.name}")
        while some := list(islice(source, CHUNK)):
            self._to.prepare([one for _, one in some])
            self._outbox.deliver(some, self._to.send)
            self._work.progress.advance(len(some))
            if self._outbox.gives_up:
                break
        self._work.progress.finish()
        return not self._outbox.gives_up and self._work.request.limit is None


def _planned(one: Message) -> PlannedMessage:
    return PlannedMessage(one.message_id, one.name, one.profile_id, stamp(one.at), one.is_backfill)
