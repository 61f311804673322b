"""Tickets of a Gorgias: the shopper's question as an incoming message, the conversation as an internal note.

Gorgias sends a message to the shopper unless it says when it was sent or its channel is internal-note: the question
says so, the note does both. The channel api keeps automatic replies away, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

from dlt.sources.helpers.rest_client.auth import HttpBasicAuth

from flows.delivery.handoffs.fitting import conversation, question
from flows.delivery.handoffs.refusals import of_the_ticket
from flows.delivery.handoffs.ticket import Created, NewTicket
from flows.ground.errors import SourceRefused, SourceUnavailable
from flows.settings.helpdesks import GorgiasDesk
from flows.sources.api import Http, JsonObject, Pace, Record, Unknown
from flows.sources.gorgias.client import NAME, PAGE
from flows.sources.gorgias.records import Ticket

TICKETS = "api/tickets"
CALLS = ((40, 20.0),)
MOST_BYTES = 60_000  # of a message; no limit is documented
TAG = "agent-metrics"


class GorgiasTickets:
    """One Gorgias, as a place where tickets are made."""

    platform = NAME

    def __init__(self, settings: GorgiasDesk, environment: Mapping[str, str], waiting: Callable[[float], None]) -> None:
        self._url, self._unknown = settings.url, Unknown()
        self._username = settings.username.read(environment)
        auth = HttpBasicAuth(self._username, settings.api_key.read(environment))
        self._http = Http(
            NAME, settings.url, auth=auth, pace=Pace(NAME, CALLS, waiting), explain=_explain, is_urgent=True
        )

    def check(self) -> str:
        """One look-up; nothing is made."""
        self._having(TAG)
        return f"{self._url} answers, tickets can be looked up; whether they may be made shows with the first"

    def find(self, external_id: str) -> str | None:
        """The oldest ticket that has exactly this external id."""
        with of_the_ticket():
            return self._having(external_id)

    def create(self, ticket: NewTicket) -> Created:
        """Make the ticket, unless `find` has it. Nothing keeps Gorgias from making it twice, so there is one try alone.

        After a try without an answer it is looked for; if it is not there, nobody knows, and a later run looks again.
        """
        with of_the_ticket():
            if there := self._having(ticket.external_id):
                return Created(there, was_there=True)
            try:
                answer = self._http.post_once(TICKETS, self._body(ticket))
                return Created(Ticket.answered(NAME, answer, self._unknown).id, was_there=False)
            except SourceUnavailable as failed:
                if isinstance(failed, SourceRefused) and failed.status is not None:
                    raise
                if there := self._having(ticket.external_id):
                    return Created(there, was_there=True)
                raise

    def _having(self, external_id: str) -> str | None:
        params = {"external_id": external_id, "limit": str(PAGE), "order_by": "created_datetime:asc"}
        found = Tickets.answered(NAME, self._http.get(TICKETS, params), self._unknown).data
        numbers = [one.id for one in found if one.external_id == external_id]
        return min(numbers, key=lambda number: (len(number), number), default=None)

    def _body(self, ticket: NewTicket) -> JsonObject:
        shopper = {"email": ticket.email}
        return {
            "channel": "api",
            "via": "api",
            "from_agent": False,
            "customer": shopper,
            "subject": ticket.subject,
            "external_id": ticket.external_id,
            "tags": [{"name": TAG}, *([{"name": ticket.tag}] if ticket.tag else [])],
            "messages": [
                {
                    "channel": "api",
                    "via": "api",
                    "from_agent": False,
                    "sender": shopper,
                    "body_text": question(ticket, MOST_BYTES),
                    "sent_datetime": ticket.asked_at.astimezone(UTC).isoformat(),
                },
                {
                    "channel": "internal-note",
                    "via": "api",
                    "from_agent": True,
                    "sender": {"email": self._username},
                    "body_text": conversation(ticket, MOST_BYTES),
                    "sent_datetime": ticket.accepted_at.astimezone(UTC).isoformat(),
                },
            ],
        }


class Tickets(Record):
    data: tuple[Ticket, ...]

    not_read = "meta object uri"


def _explain(status: int, _answer: Any) -> str | None:
    if 300 <= status < 400 or status == 404:
        return "see to account: the Gorgias may have another name now"
    return {
        400: "see to what it says, then `agent-metrics handoffs retry`",
        401: "see to username and API key",
        403: "see to the API key's user: it has to be allowed to see and to make tickets",
    }.get(status)
