"""A Zendesk in which tickets are made, strictly by its reference: Tickets, Ticket comments, Idempotency, Errors, OAuth.

(ListTickets, CreateTicket, ShowTicket, UpdateTicket and ListTicketComments of its OpenAPI file; the two hours, 400 and
409 of a key by its page Idempotency.) Zendesk leaves out fields that it does not know; this server refuses them.
Who is mailed follows the triggers that a new Zendesk has: the requester hears of a ticket that has a public comment,
and of public comments of others.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.delivery.fake_desk import BadRequest, FakeDesk, is_email, only
from tests.sources.fake_api import Answer, Asked

CLIENT_ID, CLIENT_SECRET = "tickets_client_canary", "tickets_secret_canary"
SCOPE = "tickets:read tickets:write"
KEPT = timedelta(hours=2)
TICKETS = "/api/v2/tickets"
MOST_BYTES = 65_535


@dataclass
class Comment:
    author: str
    body: str
    public: bool


@dataclass
class DeskTicket:
    id: int
    external_id: str | None
    requester: str
    subject: str
    tags: list[str]
    created_at: datetime
    updated_at: datetime
    comments: list[Comment] = field(default_factory=list)


@dataclass
class Kept:
    """What was answered to a key."""

    body: bytes
    answer: Answer
    at: datetime


class FakeZendeskTickets(FakeDesk):
    """`mailed`: what the requester was mailed, by address. `demanded`: a custom field that a new ticket must have."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.tickets: dict[int, DeskTicket]
        self.users = {"known@example.com"}
        self.suspended: set[str] = set()
        self.demanded: str | None = None
        self.scopes, self.may_write = SCOPE, True
        self.mailed: list[tuple[str, str]] = []
        self.keys: dict[str, Kept] = {}
        self.in_progress: set[str] = set()
        self.is_shown = True  # whether a new ticket is in the list at once
        self.passed = timedelta()  # what a clock over there has moved on

    def now(self) -> datetime:
        return (datetime.now(UTC) + self.passed).replace(microsecond=0)

    def tickets_of(self, external: str) -> list[DeskTicket]:
        return [one for one in self.tickets.values() if one.external_id == external]

    def add(self, external: str | None, requester: str = "known@example.com") -> DeskTicket:
        """A ticket that somebody else made."""
        now = self.now()
        ticket = DeskTicket(len(self.tickets) + 1, external, requester, "Another", [], now, now)
        self.tickets[ticket.id] = ticket
        return ticket

    def done(self, asked: Asked) -> Answer:
        with self.lock:
            if asked.path == "/oauth/tokens":
                return self._token(asked)
            if not asked.path.startswith("/api/v2/"):
                return Answer(404, b"<html>No help desk at shop.zendesk.com</html>")
            if asked.headers.get("authorization") != "Bearer tickets-token-canary":
                raise BadRequest(401, {"error": "invalid_token", "error_description": "The access token is invalid."})
            return self._answered(asked)

    def _answered(self, asked: Asked) -> Answer:
        call = asked.method, re.sub(r"/\d+", "/N", asked.path)
        if call == ("GET", TICKETS):
            return self._list(asked)
        if not self.may_write and asked.method != "GET":
            raise BadRequest(403, {"error": "Forbidden", "description": "Missing the following required scopes: write"})
        if call == ("POST", TICKETS):
            return self._keyed(asked)
        number = re.search(r"/(\d+)", asked.path)
        ticket = self.tickets.get(int(number[1]) if number else 0)
        if ticket is None:
            raise BadRequest(404, {"error": "RecordNotFound", "description": "Not found"})
        if asked.params:
            raise BadRequest(400, {"error": "InvalidParameter", "description": str(asked.params)})
        if call == ("GET", f"{TICKETS}/N"):
            return Answer(200, {"ticket": shown(ticket)})
        if call == ("GET", f"{TICKETS}/N/comments"):
            rows = [{"id": at, "body": one.body, "public": one.public} for at, one in enumerate(ticket.comments, 1)]
            return Answer(200, {"comments": rows, "next_page": None, "count": len(rows)})
        if call == ("PUT", f"{TICKETS}/N"):
            return self._update(asked, ticket)
        raise BadRequest(404, {"error": "InvalidEndpoint", "description": "Not found"})

    def _token(self, asked: Asked) -> Answer:
        given = asked.json() if asked.headers.get("content-type") == "application/json" else {}
        wanted = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        if asked.method != "POST" or given != {**wanted, "scope": SCOPE}:
            raise BadRequest(401, {"error": "invalid_client", "error_description": "Client authentication failed."})
        if self.scopes != SCOPE:
            raise BadRequest(400, {"error": "invalid_scope", "error_description": "The scope is not allowed."})
        token = {"access_token": "tickets-token-canary", "token_type": "bearer", "scope": SCOPE, "expires_in": 1800}
        return Answer(200, token)

    def _list(self, asked: Asked) -> Answer:
        if asked.params.keys() != {"external_id"}:
            raise BadRequest(400, {"error": "InvalidParameter", "description": str(sorted(asked.params))})
        found = self.like(asked.params["external_id"]) if self.is_shown else []
        rows = [shown(one) for one in reversed(found)]
        return Answer(200, {"tickets": rows, "next_page": None, "previous_page": None, "count": len(rows)})

    def _keyed(self, asked: Asked) -> Answer:
        key = asked.headers.get("idempotency-key", "")
        if not 0 < len(key) <= 255:
            raise BadRequest(400, {"error": "InvalidParameter", "description": "Idempotency-Key"})
        if key in self.in_progress:
            said = "A request with the same idempotency key is in progress"
            raise BadRequest(409, {"error": "IdempotentRequestInProgress", "description": said})
        kept = self.keys.get(key)
        if kept and self.now() - kept.at < KEPT:
            if kept.body != asked.body:
                said = "Request parameters don't match the given idempotency key"
                raise BadRequest(400, {"error": "IdempotentRequestError", "description": said})
            return Answer(kept.answer.status, kept.answer.body, {"x-idempotency-lookup": "hit"})
        answer = self._create(asked)
        self.keys[key] = Kept(asked.body, answer, self.now())
        return Answer(answer.status, answer.body, {**answer.headers, "x-idempotency-lookup": "miss"})

    def _create(self, asked: Asked) -> Answer:
        given = _ticket(asked, {"subject", "comment", "requester", "external_id", "tags"}, set())
        requester = only(given["requester"], {"email"}, {"name"}, _wrong)
        email = requester["email"]
        if not is_email(email):
            raise _invalid("requester", f"Requester: Email: {email} is not properly formatted", "InvalidValue")
        if email in self.suspended:
            raise _invalid("requester", "Requester: Requester is suspended.", "RequesterSuspended")
        if email not in self.users and not requester.get("name"):
            raise _invalid("requester", "Requester: Name: is too short (minimum one character)", "ValueTooShort")
        if self.demanded:
            raise _invalid("base", f"{self.demanded}: cannot be blank", "BlankValue")
        _must_be_text(given, "subject", 255)
        _must_be_text(given, "external_id", 255)
        if not all(isinstance(one, str) and re.fullmatch(r"[^\s,&]{1,80}", one) for one in given["tags"]):
            raise _invalid("tags", f"Tags: {given['tags']} are invalid", "InvalidValue")
        comment = _comment(given["comment"])
        self.users.add(email)
        ticket = self.add(given["external_id"], email)
        ticket.subject, ticket.tags = given["subject"], given["tags"]
        # By default the requester is the submitter, and so the author of the first comment.
        ticket.comments.append(Comment(email, comment["body"], comment["public"]))
        if comment["public"]:
            self.mailed.append((email, comment["body"]))
        location = f"{self.url}{TICKETS}/{ticket.id}.json"
        return Answer(201, {"ticket": shown(ticket), "audit": {"id": 1}}, {"Location": location})

    def _update(self, asked: Asked, ticket: DeskTicket) -> Answer:
        given = _ticket(asked, {"comment"}, {"safe_update", "updated_stamp"})
        if given.get("safe_update") and given.get("updated_stamp") != stamp(ticket.updated_at):
            said = "Safe Update prevented the update due to outdated ticket data. Please fetch the latest ticket data"
            raise BadRequest(409, {"error": "UpdateConflict", "description": said})
        comment = _comment(given["comment"])
        ticket.comments.append(Comment("agent", comment["body"], comment["public"]))
        if comment["public"]:
            self.mailed.append((ticket.requester, comment["body"]))
        ticket.updated_at = max(self.now(), ticket.updated_at + timedelta(seconds=1))
        return Answer(200, {"ticket": shown(ticket), "audit": {"id": 2}})


def shown(ticket: DeskTicket) -> dict[str, Any]:
    return {
        "id": ticket.id,
        "external_id": ticket.external_id,
        "subject": ticket.subject,
        "requester_id": sum(map(ord, ticket.requester)),
        "status": "new",
        "tags": ticket.tags,
        "created_at": stamp(ticket.created_at),
        "updated_at": stamp(ticket.updated_at),
        "is_public": any(one.public for one in ticket.comments),
    }


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _ticket(asked: Asked, needed: set[str], more: set[str]) -> Any:
    if asked.headers.get("content-type") != "application/json":
        raise BadRequest(415, {"error": "UnsupportedMediaType"})
    try:
        body = json.loads(asked.body)
    except ValueError:
        raise BadRequest(422, {"error": "Unprocessable Entity", "message": "Server could not parse JSON"}) from None
    return only(only(body, {"ticket"}, set(), _wrong)["ticket"], needed, more, _wrong)


def _comment(given: Any) -> Any:
    comment = only(given, {"body", "public"}, set(), _wrong)
    if not isinstance(comment["public"], bool):
        raise _wrong("comment.public is not true or false")
    _must_be_text(comment, "body", MOST_BYTES)
    return comment


def _must_be_text(given: Any, name: str, most: int) -> None:
    text = given[name]
    if not isinstance(text, str) or not text.strip():
        raise _invalid(name, f"{name}: cannot be blank", "BlankValue")
    if len(text.encode()) > most:
        raise _invalid(name, f"{name}: is too long (maximum is {most} bytes)", "ValueTooLong")


def _wrong(said: str) -> BadRequest:
    return BadRequest(400, {"error": "InvalidParameter", "description": said})


def _invalid(name: str, said: str, error: str) -> BadRequest:
    details = {name: [{"description": said, "error": error}]}
    return BadRequest(422, {"error": "RecordInvalid", "description": "Record validation errors", "details": details})
