"""A Gorgias in which tickets are made, strictly by its reference pages: Create a ticket, List tickets, Errors.

A message without `sent_datetime` is sent to the shopper, unless its channel is internal-note; `sent` counts them.
Rules answer a new message of the channel email, and none of the channel api. Unknown parameters are refused.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.delivery.fake_desk import BadRequest, FakeDesk, is_email, only
from tests.sources.fake_api import Answer, Asked

USERNAME, KEY = "agent@shop.example", "tickets_key_canary"
TICKETS = "/api/tickets"
VIAS = {"api", "chat", "contact_form", "email", "form", "help-center", "helpdesk", "internal-note", "phone", "sms"}
CHANNELS = VIAS | {"aircall", "facebook", "instagram", "whatsapp"}
TICKET_MORE = {
    "assignee_team", "assignee_user", "channel", "closed_datetime", "created_datetime", "custom_fields", "customer",
    "external_id", "from_agent", "language", "last_message_datetime", "last_received_message_datetime", "meta",
    "opened_datetime", "priority", "snooze_datetime", "spam", "status", "subject", "tags", "trashed_datetime",
    "updated_datetime",
}  # fmt: skip
MESSAGE_MORE = {
    "actions", "attachments", "body_html", "body_text", "created_datetime", "deleted_datetime", "external_id",
    "failed_datetime", "headers", "integration_id", "last_sending_error", "macros", "mention_ids", "message_id", "meta",
    "public", "receiver", "rule_id", "sender", "sent_datetime", "source", "subject",
}  # fmt: skip


@dataclass
class DeskTicket:
    id: int
    external_id: str | None
    customer: str
    subject: str
    tags: list[str]
    messages: list[dict[str, Any]]
    created_datetime: datetime
    trashed_datetime: datetime | None = None


class FakeGorgiasTickets(FakeDesk):
    """`sent`: address and text of each message that reaches a shopper. `demanded`: a custom field that is required."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.tickets: dict[int, DeskTicket]
        self.users = {USERNAME}
        self.sent: list[tuple[str, str]] = []
        self.demanded: str | None = None
        self.may_write = True

    def tickets_of(self, external: str) -> list[DeskTicket]:
        return [one for one in self.tickets.values() if one.external_id == external]

    def add(self, external: str | None) -> DeskTicket:
        """A ticket that somebody else made."""
        number = len(self.tickets) + 1
        ticket = DeskTicket(number, external, "known@example.com", "Another", [], [], datetime.now(UTC))
        self.tickets[number] = ticket
        return ticket

    def done(self, asked: Asked) -> Answer:
        with self.lock:
            if asked.path != TICKETS or asked.method not in {"GET", "POST"}:
                raise BadRequest(404, {"error": {"msg": "The requested URL was not found on the server."}})
            given = base64.b64encode(f"{USERNAME}:{KEY}".encode()).decode()
            if asked.headers.get("authorization") != f"Basic {given}":
                raise BadRequest(401, {"error": {"msg": "The server could not verify that you are authorized."}})
            return self._list(asked) if asked.method == "GET" else self._create(asked)

    def _list(self, asked: Asked) -> Answer:
        order, limit = asked.params.get("order_by", "created_datetime:desc"), asked.params.get("limit", "30")
        field, _, direction = order.partition(":")
        if asked.params.keys() - {"external_id", "limit", "order_by", "cursor", "trashed", "customer_id"}:
            raise _wrong(f"unknown parameters {sorted(asked.params)}")
        if field not in {"created_datetime", "updated_datetime"} or direction not in {"asc", "desc"}:
            raise _wrong(f"order_by {order}")
        if not limit.isdigit() or not 1 <= int(limit) <= 100:
            raise _wrong(f"limit {limit}")
        found = sorted(self.like(asked.params["external_id"]), key=lambda one: one.id)
        found = found[::-1] if direction == "desc" else found
        meta = {"prev_cursor": None, "next_cursor": None}
        return Answer(200, {"object": "list", "uri": TICKETS, "data": list(map(_shown, found)), "meta": meta})

    def _create(self, asked: Asked) -> Answer:
        if not self.may_write:
            raise BadRequest(403, {"error": {"msg": "You are not allowed to create tickets."}})
        if asked.headers.get("content-type") != "application/json":
            raise BadRequest(415, {"error": {"msg": "Unsupported media type"}})
        given = only(json.loads(asked.body), {"messages", "via"}, TICKET_MORE, _wrong)
        if not isinstance(given["messages"], list) or not 1 <= len(given["messages"]) <= 500:
            raise _wrong("messages: between 1 and 500")
        if len(given.get("external_id") or "") > 255:
            raise _wrong("external_id: longer than 255")
        if self.demanded and not given.get("custom_fields"):
            raise _wrong(f"custom_fields: {self.demanded} is required")
        customer = only(given["customer"], {"email"}, {"id"}, _wrong)["email"]
        if not is_email(customer):
            raise _wrong(f"customer.email: {customer}")
        tags = [only(one, {"name"}, set(), _wrong)["name"] for one in given.get("tags", [])]
        ways = {given["via"], given.get("channel", "api")}
        if not ways <= CHANNELS:
            raise _wrong(f"via: {given['via']}, channel: {given.get('channel')}")
        messages = [self._message(one) for one in given["messages"]]
        ticket = self.add(given.get("external_id"))
        ticket.customer, ticket.subject, ticket.tags, ticket.messages = customer, given["subject"], tags, messages
        for one in messages:
            if one["channel"] != "internal-note" and not one.get("sent_datetime"):
                self.sent.append((customer, one["body_text"]))
            if one["channel"] == "email" and not one["from_agent"]:
                self.sent.append((customer, "We have got your message."))
        return Answer(201, _shown(ticket))

    def _message(self, given: Any) -> dict[str, Any]:
        one = dict(only(given, {"channel", "from_agent", "via"}, MESSAGE_MORE, _wrong))
        if one["channel"] not in CHANNELS or one["via"] not in VIAS or not isinstance(one["from_agent"], bool):
            raise _wrong(f"message of channel {one['channel']}, via {one['via']}, from_agent {one['from_agent']}")
        if not one.get("body_text") and not one.get("body_html"):
            raise _wrong("a message without a body")
        if one.get("sent_datetime") and datetime.fromisoformat(one["sent_datetime"]).tzinfo is None:
            raise _wrong(f"sent_datetime: {one['sent_datetime']}")
        sender = only(one.get("sender"), {"email"}, {"id"}, _wrong)["email"]
        if one["from_agent"] and sender not in self.users:
            raise _wrong(f"sender: {sender} is not a user")
        if one["channel"] == "internal-note" and not one["from_agent"]:
            raise _wrong("an internal note of a customer")
        if not one["from_agent"] and one.get("receiver"):
            raise _wrong("receiver of an incoming message")
        return one


def _shown(ticket: DeskTicket) -> dict[str, Any]:
    return {
        "id": ticket.id,
        "uri": f"/api/tickets/{ticket.id}/",
        "external_id": ticket.external_id,
        "status": "open",
        "subject": ticket.subject,
        "customer": {"id": 1, "email": ticket.customer},
        "created_datetime": ticket.created_datetime.isoformat(),
        "trashed_datetime": ticket.trashed_datetime.isoformat() if ticket.trashed_datetime else None,
    }


def _wrong(said: str) -> BadRequest:
    return BadRequest(400, {"error": {"msg": "Bad request", "data": {"message": said}}})
