"""Hand-offs that go as events: Klaviyo's inbox has no API for tickets, and a flow writes to the shopper."""

from __future__ import annotations

from typing import Any

from flows.delivery.destinations import Destination
from flows.delivery.handoffs.fitting import conversation
from flows.delivery.handoffs.ticket import Created, NewTicket
from flows.delivery.message import Message

REQUESTED = "Hand-off to the team requested"
MESSAGE = "Hand-off message to the shopper due"
MOST_BYTES = 90_000  # of the conversation; Klaviyo takes 100,000 of a property


class Event:
    """One hand-off as an event to one destination; with a `text` it is for the shopper, and has no conversation.

    Its id is the same each time, so what was sent twice is recorded once over there.
    """

    def __init__(self, to: Destination, platform: str, text: str | None = None) -> None:
        self.platform, self._to, self._text = platform, to, text

    def check(self) -> str:
        return f"{self._to.name} gets the event {REQUESTED if self._text is None else MESSAGE!r}"

    def find(self, external_id: str) -> str | None:  # noqa: ARG002  nobody can be asked
        return None

    def create(self, ticket: NewTicket) -> Created:
        message = told(ticket, self._text)
        self._to.prepare([message])
        self._to.send(message)
        return Created(message.message_id, was_there=False)


def told(ticket: NewTicket, text: str | None) -> Message:
    """The event of a hand-off; `text` is for the shopper."""
    properties: dict[str, Any] = {
        "conversation_id": ticket.conversation_id,
        "channel": ticket.channel,
        "tag": ticket.tag,
        "reason": ticket.reason,
        "email": ticket.email,
    }
    if text is not None:
        properties["text"] = text
    else:
        properties |= {
            "subject": ticket.subject,
            "question": ticket.question or None,
            "conversation": conversation(ticket, MOST_BYTES),
            "link": ticket.link,
            "products": [vars(one) for one in ticket.products] or None,
        }
    return Message(
        ticket.account_id,
        f"handoff/{ticket.account_id}/{ticket.conversation_id}",
        "handoff",
        REQUESTED if text is None else MESSAGE,
        ticket.profile_id,
        ticket.accepted_at,
        ticket.email,
        properties={name: value for name, value in properties.items() if value is not None},
    )
