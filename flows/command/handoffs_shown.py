"""What people read of hand-offs that become tickets: every text of strangers is cleaned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from flows.command.fitted import Fitted, columns
from flows.command.lines import line
from flows.delivery.handoffs.listing import Standing, Standings, Whole
from flows.ground.clock import utc_second
from flows.ground.text import clean, counted

STATES = {
    "no_email": "waiting for an email",
    "next": "to get a ticket with the next run",
    "creating": "interrupted while the ticket was made",
    "waiting": "tried again later",
    "refused": "refused",
    "created": "handed over",
    "dropped": "not wanted any more",
}
# The columns, and which goes first where there is no room (0 stays).
SPARE = {
    "account": 0, "conversation": 0, "channel": 5, "to": 3, "accepted": 4, "state": 0, "ticket": 2, "why": 1
}  # fmt: skip


def handoff_lines(found: Standings) -> Iterator[RenderableType]:
    """How many there are of each state, who waits longest, and some of them."""
    for state, count in found.counts.items():
        yield f"{count:>9,}  {STATES[state]}"
    if found.oldest_waiting_at:
        yield line("Waiting", f"the oldest since {utc_second(found.oldest_waiting_at)}")
    yield ""
    if not found.rows:
        yield "There is no such hand-off."
        return
    yield _table(found.rows)
    if len(found.rows) < found.found:
        yield line("Shown", f"{len(found.rows):,} of {counted(found.found, 'hand-off')}; --limit shows more")


def one_lines(found: Whole) -> Iterator[str]:
    """Where it stands, and the ticket."""
    one = found.standing
    yield line("Hand-off", f"{one.conversation_id} of {one.account} ({one.channel}), to {one.destination}")
    yield line("Accepted", utc_second(one.accepted_at))
    yield line("State", STATES[one.state] + (f" since {utc_second(one.changed_at)}" if one.changed_at else ""))
    if one.ticket_id:
        yield line("Ticket", one.ticket_id)
    if one.reason:
        yield line("Reason", one.reason)
    if one.tries:
        again = f", the next {utc_second(one.next_try_at)}" if one.state == "waiting" and one.next_try_at else ""
        yield line("Tries", f"{one.tries}{again}")
    yield ""
    if found.ticket is None:
        yield "The conversation is not published any more."
    else:
        yield from map(clean, found.ticket.split("\n"))


def retried_lines(number: int) -> Iterator[str]:
    """How many go again."""
    if number:
        yield f"{counted(number, 'hand-off goes', 'hand-offs go')} again with the next run."
    else:
        yield "No hand-off was refused or waits for its next try, so there is nothing to try again."


def _table(rows: Sequence[Standing]) -> Fitted:
    found = []
    for one in rows:
        texts = (one.account, one.conversation_id, one.channel, one.destination, utc_second(one.accepted_at), one.state)
        found.append([Text(clean(text or "") or "–") for text in (*texts, one.ticket_id, one.reason)])
    return columns(found, SPARE, may_wrap=("why",))
