"""What people read of follow-ups: every text of strangers is cleaned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from flows.command.fitted import Fitted, columns
from flows.command.lines import line
from flows.ground.clock import utc_second, utc_text
from flows.ground.text import clean, counted
from flows.published.follow_ups import FollowUp, PublishedFollowUps

STATES = {
    "waiting": "not due yet",
    "due": "to be sent now",
    "sent": "sent",
    "cancelled": "cancelled",
    "not_reachable": "not reachable",
}
REASONS = {
    "order": "an order came",
    "newer": "a newer recommendation",
    "expired": "not sent within 24 hours",
    "no_address": "no address",
    "not_allowed": "not allowed",
    "not_known": "consent not known",
    "open_handoff": "an open hand-off",
    "open_ticket": "an open ticket",
}
# The columns, and which goes first where there is no room (0 stays).
SPARE = {"account": 0, "conversation": 0, "shopper": 3, "due": 2, "state": 0, "why": 1, "products": 4}


def follow_up_lines(found: PublishedFollowUps) -> Iterator[RenderableType]:
    """How many there are of each state, some of them, and as of when."""
    for state, count in found.by_state.items():
        reasons: dict[str, int] = {}
        for one in found.counts:
            if one.state == state and one.reason:
                reasons[one.reason] = reasons.get(one.reason, 0) + one.count
        why = ", ".join(f"{number:,} {REASONS[reason]}" for reason, number in reasons.items())
        yield f"{count:>9,}  {STATES[state]}{f': {why}' if why else ''}"
    yield ""
    if found.rows:
        yield _table(found.rows)
        if len(found.rows) < found.found:
            yield line("Shown", f"{len(found.rows):,} of {counted(found.found, 'follow-up')}; --limit shows more")
        yield ""
    yield line("As of", utc_text(found.publication.as_of))


def _table(rows: Sequence[FollowUp]) -> Fitted:
    found = []
    for one in rows:
        why = utc_second(one.sent_at) if one.sent_at else REASONS.get(one.reason or "", "")
        texts = (one.account, one.conversation_id, one.profile_id, utc_second(one.due_at), one.state, why)
        found.append([Text(clean(text or "") or "–") for text in (*texts, ", ".join(one.product_ids))])
    return columns(found, SPARE, may_wrap=("why", "products"))
