"""What a ledger of deliveries says was delivered, written where a build looks for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from flows.delivery.ledger import HandedOver, Ledger, stamp
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


def handoffs_delivered(home: Home, rows: Iterable[HandedOver]) -> None:
    """Add hand-offs that somebody has."""
    home.root.mkdir(parents=True, exist_ok=True)
    with Ledger(home.deliveries) as ledger:
        ledger.run_for(
            """insert or replace into handoffs
            values (?, ?, 'web_chat', ?, ?, ?, 'created', 0, null, ?, ?, null)""",
            [
                (
                    one.account,
                    one.conversation_id,
                    one.platform if one.ticket_id else "klaviyo",
                    one.method,
                    *[stamp(one.delivered_at)] * 2,
                    one.ticket_id,
                )
                for one in rows
            ],
        )


def forget_handoffs(home: Home) -> None:
    """As a ledger that came back from a backup of before there were any."""
    with Ledger(home.deliveries) as ledger:
        ledger.run("delete from handoffs")
