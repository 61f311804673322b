"""Chapter 3: a conversation with its messages and hand-off steps, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from tests.reference.counted import Shop
from tests.reference.landing import Row

HANDOFF_TYPES = ("accepted", "ticket_created", "message_sent", "human_joined")  # 3.4


@dataclass(frozen=True)
class Thread:
    shop: Shop
    conversation: Row
    messages: list[Row]  # 3.2 by (sent_at, message_id), all senders
    steps: list[Row]  # hand-off events by (occurred_at, handoff_event_id)

    @property
    def id(self) -> str:
        conversation_id: str = self.conversation["conversation_id"]
        return conversation_id

    def by(self, *senders: str) -> list[Row]:
        return [message for message in self.messages if message["sender"] in senders]

    def of_type(self, *types: str) -> list[Row]:
        return [step for step in self.steps if step["type"] in types]

    @property
    def is_started(self) -> bool:  # 3.1
        return bool(self.by("visitor"))

    @property
    def started_at(self) -> datetime:  # 3.1
        instant: datetime = self.by("visitor")[0]["sent_at"]
        return instant

    @cached_property
    def last(self) -> Row:  # 3.2 system messages are not a last message
        return self.by("visitor", "agent", "human")[-1]

    @property
    def timed_out_at(self) -> datetime:  # 3.3
        instant: datetime = self.last["sent_at"] + timedelta(hours=self.shop.account["auto_close_hours"])
        return instant

    @cached_property
    def closing(self) -> tuple[datetime | None, str | None]:
        """3.3 `closed_at` and `closed_by`."""
        closed_at = self.conversation["closed_at"]
        if (
            closed_at is not None
            and closed_at <= self.shop.as_of
            and closed_at <= self.timed_out_at
            and not self.last["sent_at"] > closed_at
        ):
            return closed_at, self.conversation["closed_by"] or "visitor"
        tickets = [step for step in self.of_type("ticket_created") if step["platform"] in {"zendesk", "gorgias"}]
        if tickets:
            ticketed_at = tickets[0]["occurred_at"]
            visitor_came_back = any(message["sent_at"] > ticketed_at for message in self.by("visitor"))
            if ticketed_at <= self.timed_out_at and not visitor_came_back:
                return ticketed_at, "handoff"
        if self.shop.as_of >= self.timed_out_at:
            return self.timed_out_at, "timeout"
        return None, None

    @property
    def routed_at(self) -> datetime | None:
        """7.1 The first handoff that is not `message_sent`."""
        instants = [step["occurred_at"] for step in self.of_type("accepted", "ticket_created", "human_joined")]
        instants += [message["sent_at"] for message in self.by("human")]
        return min(instants, default=None)

    @property
    def handed_off_at(self) -> datetime | None:  # 3.4
        instants = [step["occurred_at"] for step in self.of_type(*HANDOFF_TYPES)]
        instants += [message["sent_at"] for message in self.by("human")]
        return min(instants, default=None)

    @cached_property
    def status(self) -> str:  # 3.5
        if self.routed_at is not None:
            return "routed"
        if self.of_type("message_sent"):
            return "closed"
        if self.closing[0] is not None and self.last["sender"] == "agent":
            return "resolved"
        return "open"

    @property
    def open_reason(self) -> str | None:  # 3.5
        if self.status != "open":
            return None
        if self.closing[0] is None:
            return "running"
        return "unanswered" if self.last["sender"] == "visitor" else None

    @property
    def handoff_method(self) -> str | None:  # 3.6
        return {"routed": "ticket", "closed": "message"}.get(self.status)

    @property
    def escalation_reason(self) -> str | None:  # 3.6
        if self.status not in {"routed", "closed"}:
            return None
        reasons = [step["reason"] for step in self.of_type(*HANDOFF_TYPES) if step["reason"] is not None]
        reasons += [step["reason"] for step in self.of_type("offered") if step["reason"] is not None]
        return reasons[0] if reasons else None

    @property
    def ticket(self) -> tuple[str | None, str | None]:  # 3.6
        tickets = self.of_type("ticket_created")
        return (tickets[0]["platform"], tickets[0]["ticket_id"]) if tickets else (None, None)

    @property
    def legacy_status(self) -> str:  # 3.7
        if self.status == "resolved":
            return "resolved_by_ai"
        return "unresolved_by_ai" if self.status in {"routed", "closed"} else "open"

    @property
    def skilled(self) -> list[Row]:
        """3.8 Agent messages that have a skill; those of other senders count nowhere."""
        return [message for message in self.by("agent") if message["skill"] is not None]

    @property
    def recommending(self) -> list[Row]:
        """3.8 Agent messages that recommended at least one product."""
        return [message for message in self.by("agent") if message["recommended_product_ids"]]


def threads(shop: Shop) -> list[Thread]:
    """3.1 The conversations that started; of the others nothing is anywhere."""
    found = []
    for conversation in shop.rows["conversations"]:
        key = conversation["conversation_id"]
        messages = [row for row in shop.rows["messages"] if row["conversation_id"] == key]
        steps = [row for row in shop.rows["handoff_events"] if row["conversation_id"] == key]
        messages.sort(key=lambda row: (row["sent_at"], row["message_id"]))
        steps.sort(key=lambda row: (row["occurred_at"], row["handoff_event_id"]))
        thread = Thread(shop, conversation, messages, steps)
        if thread.is_started:
            found.append(thread)
    return found
