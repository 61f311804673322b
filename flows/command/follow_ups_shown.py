"""What people read of follow-ups: every text of strangers is cleaned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from flows.command.lines import line
from flows.ground.clock import utc_text
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


def _table(rows: Sequence[FollowUp]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("account", "conversation", "shopper", "due", "state", "why", "products"):
        table.add_column(name, no_wrap=name not in ("why", "products"))
    for one in rows:
        why = utc_text(one.sent_at) if one.sent_at else REASONS.get(one.reason or "", "")
        texts = (one.account, one.conversation_id, one.profile_id, utc_text(one.due_at), one.state, why)
        table.add_row(*(Text(clean(text or "") or "–") for text in (*texts, ", ".join(one.product_ids))))
    return table
