"""A few rows by hand, told briefly, for the tests of the reference itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.reference.derive import Derived, derive
from tests.reference.landing import Row

DAY = "2026-06-01"


def at(text: str) -> datetime:
    """`10:00` is that time (UTC) on 1 June 2026; anything longer is an ISO instant."""
    return datetime.fromisoformat(text if len(text) > 15 else f"{DAY}T{text}+00:00")


class Story:
    """One account, one conversation `c` and one visitor message at 10:00, unless told otherwise."""

    def __init__(self, channel: str = "web_chat", **account: Any) -> None:
        self.rows: list[tuple[str, Row]] = []
        settings = {"account_id": "s", "timezone": "UTC", "currency": "EUR"}
        self.rows.append(("accounts", settings | account))
        self.has("conversations", conversation_id="c", channel=channel, created_at=at("09:00"))
        self.says("m1", "visitor", "10:00")

    def has(self, table: str, **values: Any) -> Story:
        self.rows.append((table, {"account_id": "s", **values}))
        return self

    def says(self, message_id: str, sender: str, time: str, **more: Any) -> Story:
        facts = {"conversation_id": "c", "sender": sender, "sent_at": at(time)}
        return self.has("messages", message_id=message_id, **facts | more)

    def step(self, step_id: str, kind: str, time: str, **more: Any) -> Story:
        facts = {"conversation_id": "c", "type": kind, "occurred_at": at(time)}
        return self.has("handoff_events", handoff_event_id=step_id, **facts | more)

    def clicks(self, interaction_id: str, time: str, kind: str = "product_card_click", **more: Any) -> Story:
        facts = {"conversation_id": "c", "type": kind, "occurred_at": at(time), "product_id": "p", "visitor_id": "v"}
        return self.has("interactions", interaction_id=interaction_id, **facts | more)

    def buys(self, order_id: str, time: str, product_id: str = "p", **more: Any) -> Story:
        """One line of two pieces at 10.00 each; what belongs to the line and what to the order is told by the name."""
        line = {"quantity": 2, "unit_price": "10"}
        line |= {name: more.pop(name) for name in list(more) if name in {"discount", "refunded_amount", "unit_price"}}
        self.has("orders", order_id=order_id, placed_at=at(time), **{"currency": "EUR", "visitor_id": "v"} | more)
        return self.has(
            "order_lines", order_line_id=f"line of {order_id}", order_id=order_id, product_id=product_id, **line
        )

    def told(self, as_of: str = "2026-06-30T00:00:00+00:00", **more: Any) -> Derived:
        return derive([[(table, [row]) for table, row in self.rows]], at(as_of), **more)

    def conversation(self, as_of: str = "2026-06-30T00:00:00+00:00") -> Row:
        return next(row for row in self.told(as_of).tables["conversations"] if row["conversation_id"] == "c")

    def sales(self, as_of: str = "2026-06-30T00:00:00+00:00") -> dict[str, str]:
        """By order: `kind touch` of what it is attributed to."""
        lines = self.told(as_of).tables["attributed_order_lines"]
        return {row["order_id"]: f"{row['touch_type']} {row['touch_id']}" for row in lines}
