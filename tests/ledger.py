"""What a ledger of deliveries says was sent, written where a build looks for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from flows.delivery.ledger import Ledger, stamp
from flows.ground.home import Home


def follow_ups_sent(home: Home, rows: Iterable[tuple[str, str, datetime]], *, state: str = "sent") -> None:
    """Add follow-ups, each of an account and a conversation, that came into this state at an instant."""
    home.root.mkdir(parents=True, exist_ok=True)
    with Ledger(home.deliveries) as ledger:
        ledger.run_for(
            """insert or replace into messages
            (account_id, destination, message_id, kind, about, at, state, tries, changed_at)
            values (?, 'webhook', ?, 'follow_up', ?, ?, ?, 1, ?)""",
            [(account, f"follow_up/{about}", about, stamp(at), state, stamp(at)) for account, about, at in rows],
        )
