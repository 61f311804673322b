"""What is asked of a Chatwoot: conversations newest first, because it filters by no time, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from dlt.sources.helpers.rest_client.auth import APIKeyAuth
from pydantic import ValidationError

from flows.ground.errors import SourceRefused
from flows.sources import api
from flows.sources.api import Batch, Http, Known, Pace, Part, Place, Record, Row, Unknown, parts_of, rows_of
from flows.sources.chatwoot import mapping
from flows.sources.chatwoot.records import (
    Activity,
    Conversation,
    ConversationPage,
    Event,
    KnownConversation,
    Message,
    Named,
    Page,
)
from flows.sources.chatwoot.settings import ChatwootSettings

NAME = "chatwoot"
OVERLAP = timedelta(minutes=10)  # how far below what was read it is read again
WINDOW = timedelta(days=90)  # of events at once
BEGINNING = date(2017, 1, 1)  # there was no Chatwoot before

R = TypeVar("R", bound=Record)


class Client(api.Client):
    """One account; a client of `flows.sources.api`."""

    rereads = timedelta(days=2)

    def __init__(
        self,
        account: str,
        settings: ChatwootSettings,
        environment: Mapping[str, str],
        waiting: Callable[[float], None],
    ) -> None:
        self.account, self._settings = account, settings
        self._begins = datetime.combine(settings.start or BEGINNING, time(), UTC)
        auth = APIKeyAuth(name="api_access_token", api_key=settings.access_token.read(environment), location="header")
        pace = Pace(NAME, ((settings.calls_per_minute, 60.0),), waiting)
        self._http = Http(NAME, settings.base_url, auth=auth, pace=pace, explain=_explain)
        self._path = f"api/v1/accounts/{settings.account}"

    def check(self) -> str:
        """One page of conversations, and one of events."""
        self._listed(1)
        now = datetime.now(UTC)
        told = "" if self._has_events(now) else "; this Chatwoot has no reporting events, so it tells of no hand-offs"
        return f"{self._settings.base_url} answers, conversations can be read{told}"

    def read(self, place: Place, known: Known) -> Iterator[Batch]:  # noqa: ARG002  parts are joined later
        """Events first, since they are few; then what is new, then the past, newest first.

        A pull stops only where the past has come further, so that each pull does.
        """
        now = datetime.now(UTC).replace(microsecond=0)
        reached = dict[str, str]()
        if self._has_events(now):
            for name in mapping.EVENTS:
                yield from self._events(name, place, now)
                reached[f"events/{name}"] = now.isoformat()
        if "newest" in place:
            yield from self._news(datetime.fromisoformat(place["newest"]))
        reached["newest"] = now.isoformat()
        if place.get("past") != "done":
            yield from self._past(int(place.get("past", "1")), reached)
        yield Batch((), {**reached, "past": "done"}, is_milestone=place.get("past") != "done")

    def joined(self, of: str, parts: Sequence[Part]) -> Iterable[Row]:  # noqa: ARG002  the conversation says its id
        """The conversation, once it is known itself and if an agent took part in it; each message by itself."""
        account, has_profiles = self.account, self._settings.brings_profiles
        conversations, rows = self._known(parts, "conversation", "conversations", KnownConversation)
        messages, unread = self._known(parts, "message", "messages", Message)
        events, unclear = self._known(parts, "event", "handoff_events", Event)
        for one in conversations:
            made = rows_of(
                "conversations",
                account,
                one.kept(),
                lambda: mapping.rows(account, one, messages, events, has_profiles=has_profiles),  # noqa: B023
            )
            rows += [*made, *unread, *unclear] if made else []
        return rows

    def _known(self, parts: Sequence[Part], kind: str, table: str, model: type[R]) -> tuple[list[R], list[Row]]:
        """The parts of a kind, read again: earlier versions kept other things of them."""
        records = [part.record for part in parts if part.kind == kind]
        return parts_of(table, self.account, records, lambda one: [model.read(one, Unknown())])

    def _news(self, newest: datetime) -> Iterator[Batch]:
        """Page by page down to what was read before. What becomes active meanwhile moves up, for the next pull."""
        page, floor = 1, max(newest - OVERLAP, self._begins)
        while found := self._listed(page):
            yield self._threads(found, floor)
            if not any(_is_since(floor, record) for record in found):
                return
            page += 1

    def _past(self, page: int, reached: Place) -> Iterator[Batch]:
        """Everything, page by page; the place is the page to go on with, since conversations only move down meanwhile.

        A page that was read is read again: conversations that were deleted moved others up.
        """
        again = page > 1
        page -= again
        while found := self._listed(page):
            page += 1
            batch = self._threads(found, self._begins)
            yield Batch(batch.rows, {} if again else {**reached, "past": str(page)}, parts=batch.parts)
            again = False
            if not any(_is_since(self._begins, record) for record in found):
                return

    def _threads(self, found: Sequence[Any], floor: datetime) -> Batch:
        """Conversations that were active since then, and their messages."""
        above = [record for record in found if _is_since(floor, record)]
        parts, refused = parts_of("conversations", self.account, above, self._conversation)
        for of in [part.id for part in parts]:
            messages, unread = parts_of(
                "messages",
                self.account,
                self._messages(of),
                lambda one: mapping.message_parts(of, one, self.unknown),  # noqa: B023
            )
            parts += messages
            refused += unread
        return Batch(refused, parts=parts)

    def _conversation(self, record: Any) -> list[Part]:
        return [mapping.conversation_part(Conversation.read(record, self.unknown))]

    def _messages(self, of: str) -> list[Any]:
        """All messages: the newest, and what lies before the oldest of them until there is no more."""
        path, found = f"{self._path}/conversations/{of}/messages", dict[str, Any]()
        params: dict[str, str] = {}
        while True:
            try:
                answer = self._http.get(path, params)
            except SourceRefused as refused:
                if refused.status == 404 or (params and refused.status in {400, 422}):  # gone; or `before` is not known
                    break
                raise
            said = {_name(one): one for one in Page.answered(NAME, answer, self.unknown).payload}
            if said.keys() <= found.keys():
                break
            found |= said
            if not (numbers := [int(name) for name in said if name.isdigit()]):
                break
            params = {"before": str(min(numbers))}
        return list(found.values())

    def _events(self, name: str, place: Place, now: datetime) -> Iterator[Batch]:
        """Events of a name, window by window."""
        since = self._begins
        if f"events/{name}" in place:
            since = max(datetime.fromisoformat(place[f"events/{name}"]) - OVERLAP, since)
        while since < now:
            until, page = min(since + WINDOW, now), 1
            while found := self._event_page(name, since, until, page):
                parts, refused = parts_of("handoff_events", self.account, found, self._event)
                yield Batch(refused, parts=parts)
                page += 1
            if until < now:
                yield Batch((), {f"events/{name}": until.isoformat()})
            since = until

    def _event(self, record: Any) -> Iterator[Part]:
        return mapping.event_parts(Event.read(record, self.unknown))

    def _event_page(self, name: str, since: datetime, until: datetime, page: int) -> Sequence[Any]:
        params = {"name": name, "since": _seconds(since), "until": _seconds(until), "page": str(page)}
        return Page.answered(NAME, self._http.get(f"{self._path}/reporting_events", params), self.unknown).payload

    def _has_events(self, now: datetime) -> bool:
        """Whether this Chatwoot tells of events; older ones do not."""
        try:
            self._event_page(mapping.EVENTS[0], now - OVERLAP, now, 1)
        except SourceRefused as refused:
            if refused.status == 404:
                return False
            raise
        return True

    def _listed(self, page: int) -> Sequence[Any]:
        params = {"status": "all", "assignee_type": "all", "page": str(page)}
        answer = self._http.get(f"{self._path}/conversations", params)
        return ConversationPage.answered(NAME, answer, self.unknown).data.payload


def _name(record: Any) -> str:
    """The id of a message; of one that has none it is what stands in it."""
    try:
        return Named.read(record, Unknown()).id
    except ValidationError:
        return f"? {record!r}"


def _is_since(floor: datetime, record: Any) -> bool:
    """Whether something happened in the conversation since then; a record that does not say when is read."""
    try:
        at = Activity.read(record, Unknown()).active
    except ValidationError:
        return True
    return at is None or datetime.fromisoformat(at) >= floor


def _seconds(at: datetime) -> str:
    return str(int(at.timestamp()))


def _explain(status: int, _answer: Any) -> str | None:
    return {
        401: "see to the access token",
        403: "the access token has to be that of an administrator of the account",
        404: "see to base_url and account",
    }.get(status)
