"""Tickets of a Zendesk: the shopper's question is the first comment, the conversation an internal note behind it.

The first comment is public and its author is the requester, as if the shopper had written to the shop: replies, first
reply time and Zendesk's own confirmation work as with every ticket. The note is private: it reaches the team alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from flows.delivery.handoffs.fitting import conversation, question
from flows.delivery.handoffs.refusals import of_the_ticket
from flows.delivery.handoffs.ticket import Created, NewTicket
from flows.delivery.handoffs.transcript import one_line
from flows.ground.errors import SourceRefused, SourceUnavailable
from flows.settings.helpdesks import ZendeskDesk
from flows.sources.api import Flag, Http, Id, JsonObject, Pace, Record, Text, Unknown
from flows.sources.zendesk.client import LIMITS, NAME, Token
from flows.sources.zendesk.records import Ticket

TICKETS = "api/v2/tickets"
MOST_BYTES = 60_000  # of a comment; Zendesk takes 65,535
TRIES = 3  # to write the note while others change the ticket
TAG = "agent_metrics"
SCOPE = "tickets:read tickets:write"


class ZendeskTickets:
    """One Zendesk, as a place where tickets are made."""

    platform = NAME

    def __init__(self, settings: ZendeskDesk, environment: Mapping[str, str], waiting: Callable[[float], None]) -> None:
        self._url, self._unknown = settings.url, Unknown()
        pace = Pace(NAME, LIMITS, waiting)
        token = WritingToken(
            Http(NAME, settings.url, auth=None, pace=pace, explain=_explain_token, is_urgent=True),
            settings.client_id.read(environment),
            settings.client_secret.read(environment),
            self._unknown,
            SCOPE,
        )
        self._http = Http(NAME, settings.url, auth=token, pace=pace, explain=_explain, is_urgent=True)

    def check(self) -> str:
        """One look-up; nothing is made."""
        self._having(TAG)
        return f"{self._url} answers, tickets can be looked up; whether they may be made shows with the first"

    def find(self, external_id: str) -> str | None:
        """The oldest ticket that has exactly this external id."""
        with of_the_ticket():
            return self._having(external_id)

    def create(self, ticket: NewTicket) -> Created:
        """Make the ticket with its note, or what of them is not there yet."""
        with of_the_ticket():
            found = self._having(ticket.external_id) or self._made(ticket)
            number, stamp = (found, None) if isinstance(found, str) else (found.id, found.updated_at)
            self._note(number, ticket, stamp)
        return Created(number, was_there=isinstance(found, str))

    def _having(self, external_id: str) -> str | None:
        answer = self._http.get(TICKETS, {"external_id": external_id})
        found = Tickets.answered(NAME, answer, self._unknown).tickets
        numbers = [one.id for one in found if one.external_id == external_id]
        return min(numbers, key=lambda number: (len(number), number), default=None)

    def _made(self, ticket: NewTicket) -> Ticket | str:
        """The new ticket, or the number of one that turns out to be there.

        It may be tried again and again: for two hours Zendesk answers the same key with the same ticket.
        """
        try:
            answer = self._http.post(TICKETS, {"ticket": _body(ticket)}, {"Idempotency-Key": _key(ticket.external_id)})
        except SourceRefused as refused:
            if not _is_under_way(refused):
                raise
            # Another text stands under the key, or the same call is at work: the ticket may be there by now.
            if found := self._having(ticket.external_id):
                return found
            remedy = "it is tried again; Zendesk forgets the earlier try after two hours"
            raise SourceUnavailable(refused.what, where=refused.where, remedy=remedy) from None
        return Made.answered(NAME, answer, self._unknown).ticket

    def _note(self, number: str, ticket: NewTicket, stamp: str | None) -> None:
        """Write the conversation into the ticket, unless it is there. `stamp`: of a ticket that has nothing else yet.

        Zendesk takes the note only if nobody has changed the ticket since the stamp, so an earlier try that comes late
        is seen. A change within the same second is not, which is why a call is not repeated at once.
        """
        mark = f"Reference: {_key(ticket.external_id)[:16]}"
        note = f"{conversation(ticket, MOST_BYTES)}\n{mark}"
        path = f"{TICKETS}/{number}"
        for _ in range(TRIES):
            if stamp is None:
                stamp = Made.answered(NAME, self._http.get(path), self._unknown).ticket.updated_at
                comments = Comments.answered(NAME, self._http.get(f"{path}/comments"), self._unknown).comments
                if any(not one.public and (one.body or "").rstrip().endswith(mark) for one in comments):
                    return
            change = {"comment": {"body": note, "public": False}, "safe_update": True, "updated_stamp": stamp}
            try:
                self._http.put_once(path, {"ticket": change})
            except SourceRefused as refused:
                if refused.status != HTTPStatus.CONFLICT:
                    raise
                stamp = None
            else:
                return
        what = f"{NAME}'s ticket {number} is changed by others all the time, and has no conversation yet"
        raise SourceUnavailable(what, where=self._url, remedy="it is tried again")


class WritingToken(Token):
    """A token that cannot be had is never the fault of a ticket, whatever the status."""

    def obtain_token(self) -> None:
        try:
            super().obtain_token()
        except SourceRefused as refused:
            refused.status = HTTPStatus.UNAUTHORIZED
            raise


class Tickets(Record):
    tickets: tuple[Ticket, ...]

    not_read = "count next_page previous_page meta links"


class Made(Record):
    ticket: Ticket

    not_read = "audit"


class Comment(Record):
    id: Id
    body: Text = None
    public: Flag = True

    not_read = "attachments audit_id author_id created_at html_body metadata plain_body type uploads via"


class Comments(Record):
    comments: tuple[Comment, ...]

    not_read = "count next_page previous_page meta links"


def _body(ticket: NewTicket) -> JsonObject:
    tag = re.sub(r"[^a-z0-9]+", "_", (ticket.tag or "").lower()).strip("_")
    return {
        "subject": ticket.subject,
        "comment": {"body": question(ticket, MOST_BYTES), "public": True},
        # Zendesk makes a user of an address that it does not know, and wants a name for it.
        "requester": {"email": ticket.email, "name": ticket.name or one_line(ticket.email.partition("@")[0])},
        "external_id": ticket.external_id,
        "tags": [TAG, *([f"{TAG}_{tag}"] if tag else [])],
    }


def _key(external_id: str) -> str:
    """A header takes no letters of strangers."""
    return hashlib.sha256(external_id.encode()).hexdigest()


def _is_under_way(refused: SourceRefused) -> bool:
    error = refused.answer.get("error") if isinstance(refused.answer, Mapping) else None
    return refused.status == HTTPStatus.CONFLICT or error == "IdempotentRequestError"


def _explain(status: int, _answer: Any) -> str | None:
    if 300 <= status < 400 or status == HTTPStatus.NOT_FOUND:
        return "see to subdomain: the Zendesk may have another name now"
    return {
        400: "see to what it says, then `agent-metrics handoffs retry`",
        401: "see to the OAuth client's identifier and secret",
        403: "let an agent own the OAuth client, who may see and make tickets, and give it the scopes tickets:read and "
        "tickets:write",
        422: "see to the requester (is the user suspended?) and to fields that a ticket must have, then "
        "`agent-metrics handoffs retry`",
    }.get(status)


def _explain_token(status: int, _answer: Any) -> str | None:
    return (
        "see to the OAuth client's identifier and secret, and that it may use client credentials with the scopes "
        "tickets:read and tickets:write"
        if status in {400, 401, 403}
        else _explain(status, None)
    )
