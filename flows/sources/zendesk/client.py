"""What is asked of a Zendesk: every ticket that was made or changed, in the order in which Zendesk wrote it down."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from pydantic import ValidationError
from requests import PreparedRequest
from requests.auth import AuthBase

from flows.ground.errors import SourceRefused
from flows.sources import api
from flows.sources.api import Batch, Http, Known, Pace, Place, Row, Unknown, listed, rows_of
from flows.sources.zendesk import mapping
from flows.sources.zendesk.records import AccessToken, Export, Metrics, Ticket, TicketMetrics, User, Users
from flows.sources.zendesk.schedules import TOLD, BusinessHours
from flows.sources.zendesk.settings import ZendeskSettings

NAME = "zendesk"
EXPORT = "api/v2/incremental/tickets/cursor.json"
LIMITS = ((200, 60.0),)  # of the smallest plan
SPARE = 60.0  # seconds before its end at which a token is replaced
USERS = 100  # of one call
INCLUDED = ("metric_sets,users", "metric_sets", "")  # asked for with the export; the next one, where it is refused
OVERLAP = timedelta(hours=1)  # what is read again where a cursor is no longer known
BEGINNING = date(2007, 1, 1)  # there were no tickets before


class Client(api.Client):
    """One Zendesk; a client of `flows.sources.api`."""

    rereads = timedelta(days=2)

    def __init__(
        self,
        account: str,
        settings: ZendeskSettings,
        environment: Mapping[str, str],
        waiting: Callable[[float], None],
    ) -> None:
        self.account, self._settings, self._include = account, settings, INCLUDED[0]
        pace = Pace(NAME, LIMITS, waiting)
        token = Token(
            Http(NAME, settings.url, auth=None, pace=pace, explain=_explain_token),
            settings.client_id.read(environment),
            settings.client_secret.read(environment),
            self.unknown,
        )
        export_pace = Pace(NAME, ((settings.exports_per_minute, 60.0),), waiting)
        self._export = Http(NAME, settings.url, auth=token, pace=export_pace, explain=_explain)
        self._http = Http(NAME, settings.url, auth=token, pace=pace, explain=_explain)
        self._hours = BusinessHours(account, settings.schedule, self._http, self.unknown)

    def check(self) -> str:
        """One call of the export, for the last minutes, and one for the schedules."""
        self._asked({"start_time": str(int(clock.time()) - 300)})
        return f"{self._settings.url} answers, tickets can be exported, {self._hours.check()}"

    def read(self, place: Place, known: Known) -> Iterator[Batch]:  # noqa: ARG002  no ticket comes in parts
        """From the place's cursor to the end of the stream, then the business hours.

        A cursor that is not taken any more gives way to a time.
        """
        params = {"cursor": place["cursor"]} if place.get("cursor") else {"start_time": self._start(place)}
        self._include = next((one for one in INCLUDED if one == place.get("include")), INCLUDED[0])
        first = place.get("first", "")
        while True:
            answer = self._answer(params, place)
            tickets, rows = list[Ticket](), list[Row]()
            for record in answer.tickets:
                rows += rows_of("tickets", self.account, record, lambda: self._read(record, tickets))  # noqa: B023
            metrics = {one.ticket_id: one for one in self._metrics(answer.metric_sets)}
            requesters = self._requesters(tickets, answer.users)
            for ticket in tickets:
                rows += rows_of("tickets", self.account, ticket.kept(), lambda: self._rows(ticket, metrics, requesters))  # noqa: B023
            ended, cursor = answer.end_of_stream, answer.after_cursor
            generated = [_text(ticket.generated_timestamp) for ticket in tickets if ticket.generated_timestamp]
            first = first or next(iter(generated), "")
            went_on = {
                "cursor": cursor or "",
                "first": first,
                "include": self._include,
                "generated": max(generated, default=place.get("generated", "")),
                "complete": "yes" if ended else place.get("complete", ""),
            }
            yield Batch(rows, went_on, None if place.get("complete") else _share(first, went_on["generated"], ended))
            if ended:
                break
            if not cursor or params == {"cursor": cursor}:
                raise SourceRefused(f"{NAME} says that there is more, and not where", remedy="the API has changed")
            params = {"cursor": cursor}
        yield from self._hours.read(place.get(TOLD, ""))

    def _answer(self, params: Mapping[str, str], place: Place) -> Export:
        try:
            return self._asked(params)
        except SourceRefused as refused:
            if refused.status not in {400, 404, 410, 422} or params.get("cursor") != place.get("cursor", ""):
                raise
            return self._asked({"start_time": self._start(place)})

    def _asked(self, params: Mapping[str, str]) -> Export:
        while True:
            try:
                answer = self._export.get(EXPORT, {**params, **({"include": self._include} if self._include else {})})
                break
            except SourceRefused as refused:
                # Of a call with a cursor it may be the cursor that is not taken.
                if refused.status not in {400, 422} or not self._include or "start_time" not in params:
                    raise
                self._include = INCLUDED[INCLUDED.index(self._include) + 1]
        return Export.answered(NAME, answer, self.unknown)

    def _start(self, place: Place) -> str:
        """Seconds since 1970."""
        begins = datetime.combine(self._settings.start or BEGINNING, time(), UTC)
        if place.get("generated"):
            begins = max(begins, datetime.fromisoformat(place["generated"]) - OVERLAP)
        return str(int(begins.timestamp()))

    def _read(self, record: Any, tickets: list[Ticket]) -> Sequence[Row]:
        """Append the ticket to `tickets`; there are no rows yet."""
        tickets.append(Ticket.read(record, self.unknown))
        return ()

    def _rows(
        self, ticket: Ticket, metrics: Mapping[str | None, Metrics], requesters: Mapping[str | None, User]
    ) -> Iterator[Row]:
        found = next(self._metrics(ticket.metric_set), None) or metrics.get(ticket.id) or self._asked_metrics(ticket)
        yield mapping.ticket_row(self.account, ticket, found, requesters.get(ticket.requester_id), self._settings)

    def _requesters(self, tickets: Sequence[Ticket], users: Iterable[Any]) -> dict[str | None, User]:
        """Who asked for the tickets, by id; those that the export did not bring with it are asked for."""
        found: dict[str | None, User] = {user.id: user for user in self._users(users)}
        missing = sorted({ticket.requester_id for ticket in tickets if ticket.requester_id} - found.keys())
        for begin in range(0, len(missing), USERS):
            ids = ",".join(missing[begin : begin + USERS])
            try:
                answer = self._http.get("api/v2/users/show_many.json", {"ids": ids})
            except SourceRefused as refused:
                if refused.status not in {400, 403, 404, 422}:
                    raise
                break  # tickets count without them
            found |= {user.id: user for user in self._users(Users.answered(NAME, answer, self.unknown).users)}
        return found

    def _asked_metrics(self, ticket: Ticket) -> Metrics | None:
        """What the export did not bring with it, as for archived tickets; one that is deleted has none."""
        if ticket.status == "deleted":
            return None
        try:
            answer = self._http.get(f"api/v2/tickets/{ticket.id}/metrics.json")
        except SourceRefused as refused:
            if refused.status == 404:  # deleted meanwhile; the export will say so
                return None
            raise
        return next(self._metrics(TicketMetrics.answered(NAME, answer, self.unknown).ticket_metric), None)

    def _metrics(self, found: Any) -> Iterator[Metrics]:
        """Metric sets, of a list or one alone, as the documentation has both; a ticket counts without its own."""
        for one in listed(found):
            with suppress(ValidationError):
                yield Metrics.read(one, self.unknown)

    def _users(self, found: Iterable[Any]) -> Iterator[User]:
        for one in found:
            with suppress(ValidationError):
                yield User.read(one, self.unknown)


class Token(AuthBase):
    """The access token of an OAuth client, by its credentials; obtained when it is needed, and before it runs out.

    `scope`: what it may do, in Zendesk's words with blanks between them.
    """

    def __init__(self, http: Http, client_id: str, client_secret: str, unknown: Unknown, scope: str = "read") -> None:
        self._unknown, self._scope = unknown, scope
        self._http, self._client_id, self._client_secret = http, client_id, client_secret
        self._token, self._ends = "", 0.0

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        if clock.monotonic() >= self._ends:
            self.obtain_token()
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def obtain_token(self) -> None:
        """Ask for a token. Raises SourceRefused, SourceUnavailable."""
        answer = self._http.post(
            "oauth/tokens",
            {
                "grant_type": "client_credentials",
                "client_id": self._client_id,
                "client_secret": self._client_secret,
                "scope": self._scope,
            },
        )
        token = AccessToken.answered(NAME, answer, self._unknown)
        lasts = token.expires_in - SPARE if token.expires_in else float("inf")
        self._token, self._ends = token.access_token, clock.monotonic() + lasts


def _text(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _share(first: str, generated: str, ended: bool) -> float | None:
    """How much of the time from the first ticket until now has been read."""
    if ended or not generated:
        return 1.0 if ended else None
    began = datetime.fromisoformat(first)
    return min((datetime.fromisoformat(generated) - began) / max(datetime.now(UTC) - began, OVERLAP), 0.9999)


def _explain(status: int, _answer: Any) -> str | None:
    return {
        401: "see to the OAuth client's identifier and secret",
        403: "the export is for admins: let an admin own the OAuth client, and give it the scope read",
    }.get(status, _explain_address(status))


def _explain_token(status: int, _answer: Any) -> str | None:
    wrong = (
        "see to the OAuth client's identifier and secret, and that it may use client credentials with the scope read"
    )
    return wrong if status in {400, 401, 403} else _explain_address(status)


def _explain_address(status: int) -> str | None:
    return "see to subdomain: the Zendesk may have another name now" if 300 <= status < 400 or status == 404 else None
