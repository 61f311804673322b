"""What is asked of a Zendesk: every ticket that was made or changed, in the order in which Zendesk wrote it down."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from requests import PreparedRequest
from requests.auth import AuthBase

from flows.ground.errors import SourceRefused
from flows.sources import api
from flows.sources.api import Batch, Http, JsonObject, Known, Pace, Place, Row, rows_of
from flows.sources.zendesk import mapping
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
        )
        export_pace = Pace(NAME, ((settings.exports_per_minute, 60.0),), waiting)
        self._export = Http(NAME, settings.url, auth=token, pace=export_pace, explain=_explain)
        self._http = Http(NAME, settings.url, auth=token, pace=pace, explain=_explain)

    def check(self) -> str:
        """One call of the export, for the last minutes."""
        _tickets(self._asked({"start_time": str(int(clock.time()) - 300)}))
        return f"{self._settings.url} answers, tickets can be exported"

    def read(self, place: Place, known: Known) -> Iterator[Batch]:  # noqa: ARG002  no ticket comes in parts
        """From the place's cursor to the end of the stream; a cursor that is not taken any more gives way to a time."""
        params = {"cursor": place["cursor"]} if place.get("cursor") else {"start_time": self._start(place)}
        self._include = next((one for one in INCLUDED if one == place.get("include")), INCLUDED[0])
        first = place.get("first", "")
        while True:
            answer = self._answer(params, place)
            tickets = _tickets(answer)
            metrics = {
                str(one.get("ticket_id")): one for one in answer.get("metric_sets") or () if isinstance(one, dict)
            }
            requesters = self._requesters(tickets, answer.get("users") or ())
            rows = [row for ticket in tickets for row in self._rows(ticket, metrics, requesters)]
            ended, cursor = bool(answer.get("end_of_stream")), answer.get("after_cursor")
            generated = [_text(at) for ticket in tickets if (at := _generated(ticket)) is not None]
            first = first or next(iter(generated), "")
            went_on = {
                "cursor": str(cursor or ""),
                "first": first,
                "include": self._include,
                "generated": max(generated, default=place.get("generated", "")),
                "complete": "yes" if ended else place.get("complete", ""),
            }
            yield Batch(rows, went_on, None if place.get("complete") else _share(first, went_on["generated"], ended))
            if ended:
                return
            if not cursor or params == {"cursor": str(cursor)}:
                raise SourceRefused(f"{NAME} says that there is more, and not where", remedy="the API has changed")
            params = {"cursor": str(cursor)}

    def _answer(self, params: Mapping[str, str], place: Place) -> JsonObject:
        try:
            return self._asked(params)
        except SourceRefused as refused:
            if refused.status not in {400, 404, 410, 422} or params.get("cursor") != place.get("cursor", ""):
                raise
            return self._asked({"start_time": self._start(place)})

    def _asked(self, params: Mapping[str, str]) -> JsonObject:
        while True:
            try:
                answer = self._export.get(EXPORT, {**params, **({"include": self._include} if self._include else {})})
                break
            except SourceRefused as refused:
                # Of a call with a cursor it may be the cursor that is not taken.
                if refused.status not in {400, 422} or not self._include or "start_time" not in params:
                    raise
                self._include = INCLUDED[INCLUDED.index(self._include) + 1]
        if not isinstance(answer, dict):
            raise SourceRefused(f"{NAME} answers no object for {EXPORT}", remedy="the API has changed; report it")
        return answer

    def _start(self, place: Place) -> str:
        """Seconds since 1970."""
        begins = datetime.combine(self._settings.start or BEGINNING, time(), UTC)
        if place.get("generated"):
            begins = max(begins, datetime.fromisoformat(place["generated"]) - OVERLAP)
        return str(int(begins.timestamp()))

    def _rows(
        self, ticket: JsonObject, metrics: Mapping[str, JsonObject], requesters: Mapping[str, JsonObject]
    ) -> list[Row]:
        def made() -> Iterator[Row]:
            number = mapping.ticket_id(ticket)
            found = _only(ticket.get("metric_set")) or metrics.get(number) or self._metrics(ticket, number)
            requester = requesters.get(str(ticket.get("requester_id")))
            yield mapping.ticket_row(self.account, ticket, found, requester, self._settings)

        return rows_of("tickets", self.account, ticket, made)

    def _requesters(self, tickets: Sequence[Any], users: Iterable[JsonObject]) -> dict[str, JsonObject]:
        """Who asked for the tickets, by id; those that the export did not bring with it are asked for."""
        found = {str(user.get("id")): user for user in users if isinstance(user, dict)}
        wanted = {str(ticket.get("requester_id") or "") for ticket in tickets if isinstance(ticket, dict)} - {""}
        missing = sorted(wanted - found.keys())
        for begin in range(0, len(missing), USERS):
            ids = ",".join(missing[begin : begin + USERS])
            try:
                answer = self._http.get("api/v2/users/show_many.json", {"ids": ids})
            except SourceRefused as refused:
                if refused.status not in {400, 403, 404, 422}:
                    raise
                break  # tickets count without them
            found |= {str(user.get("id")): user for user in answer.get("users") or () if isinstance(user, dict)}
        return found

    def _metrics(self, ticket: JsonObject, number: str) -> JsonObject | None:
        """What the export did not bring with it, as for archived tickets; one that is deleted has none."""
        if ticket.get("status") == "deleted":
            return None
        try:
            answer = self._http.get(f"api/v2/tickets/{number}/metrics.json")
        except SourceRefused as refused:
            if refused.status == 404:  # deleted meanwhile; the export will say so
                return None
            raise
        return _only(answer.get("ticket_metric") if isinstance(answer, dict) else None)


class Token(AuthBase):
    """The access token of an OAuth client, by its credentials; obtained when it is needed, and before it runs out."""

    def __init__(self, http: Http, client_id: str, client_secret: str) -> None:
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
                "scope": "read",
            },
        )
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            raise SourceRefused(f"{NAME} answers no access_token", remedy="the API has changed; report it")
        seconds = answer.get("expires_in")
        lasts = float(seconds) - SPARE if isinstance(seconds, int | float) else float("inf")
        self._token, self._ends = token, clock.monotonic() + lasts


def _only(found: Any) -> JsonObject | None:
    """An object, which may come as a list of it, as in the documentation's own example."""
    if isinstance(found, list):
        found = next(iter(found), None)
    return found if isinstance(found, dict) else None


def _tickets(answer: JsonObject) -> list[JsonObject]:
    tickets = answer.get("tickets")
    if not isinstance(tickets, list):
        raise SourceRefused(f"{NAME} exports no list of tickets", remedy="the API has changed; report it")
    return tickets


def _generated(ticket: Any) -> int | None:
    """When Zendesk wrote the ticket down, in seconds since 1970: what the export is ordered by."""
    found = ticket.get("generated_timestamp") if isinstance(ticket, dict) else None
    return found if isinstance(found, int) else None


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
