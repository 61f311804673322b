"""What is asked of a HubSpot: threads by their latest message, oldest first, and the messages of those that changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from dlt.sources.helpers.rest_client.auth import BearerTokenAuth
from pydantic import ValidationError

from flows.ground.errors import SourceRefused
from flows.sources import api
from flows.sources.api import Batch, Http, Known, Pace, Part, Place, Record, Row, parts_of, rows_of
from flows.sources.hubspot import mapping
from flows.sources.hubspot.records import (
    Actor,
    Channel,
    Contact,
    Content,
    Found,
    KnownThread,
    Message,
    Page,
    Properties,
    Said,
    Thread,
)
from flows.sources.hubspot.settings import HubspotSettings

NAME = "hubspot"
PAGE = 100
OPTIONAL = ("sort", "association")  # where they are refused, threads are read in another order, and without tickets
BEGINNING = date(2006, 1, 1)  # there was no HubSpot before

A = TypeVar("A")
T = TypeVar("T", bound=Record)


class Client(api.Client):
    """One account; a client of `flows.sources.api`."""

    def __init__(
        self,
        account: str,
        settings: HubspotSettings,
        environment: Mapping[str, str],
        waiting: Callable[[float], None],
    ) -> None:
        self.account, self._settings = account, settings
        self.rereads = timedelta(days=settings.reread_days + 2)
        self._begins = datetime.combine(settings.start or BEGINNING, time(), UTC)
        auth = BearerTokenAuth(settings.access_token.read(environment))
        pace = Pace(NAME, ((settings.calls_per_10_seconds, 10.0),), waiting)
        self._http = Http(NAME, settings.base_url, auth=auth, pace=pace, explain=_explain)
        self._path = f"conversations/conversations/{settings.version}"
        self._actors: dict[str, str] = {}

    def check(self) -> str:
        """One call to each family of endpoints."""
        now = datetime.now(UTC)
        next(self._pages(f"{self._path}/threads", self._threads_since(now), limit=1), None)
        next(self._pages(f"{self._path}/channels", {}, limit=1), None)
        self._contacts({"1"})
        return f"{self._settings.base_url} answers, conversations and contacts can be read"

    def read(self, place: Place, known: Known) -> Iterator[Batch]:
        """Threads since the place, and again those of the days in which they may be closed without a message."""
        since = self._begins
        if "latest" in place:
            since = max(datetime.fromisoformat(place["latest"]) - timedelta(days=self._settings.reread_days), since)
        channels = {
            one.id: one.name for page in self._pages(f"{self._path}/channels", {}) for one in self._all(Channel, page)
        }
        reached, last, is_ordered = place.get("latest", ""), "", True
        for page in self._pages(f"{self._path}/threads", self._threads_since(since)):
            threads, refused = parts_of(
                "conversations", self.account, page, lambda one: [Thread.read(one, self.unknown)]
            )
            stamps = [at for one in threads if (at := one.latestMessageTimestamp)]
            is_ordered = is_ordered and [last, *stamps] == sorted([last, *stamps])
            reached, last = max([reached, *stamps]), stamps[-1] if stamps else last
            parts, unread = self._changed(threads, channels, known)
            is_news = is_ordered and reached != place.get("latest", "")
            yield Batch([*refused, *unread], {"latest": reached} if is_news else {}, parts=parts)
        if not is_ordered:  # where the order that was asked for is not kept, only the end is a place
            yield Batch((), {"latest": reached})

    def joined(self, of: str, parts: Sequence[Part]) -> Iterable[Row]:
        """The thread, once it is known itself; each message by itself."""
        account, has_profiles = self.account, self._settings.brings_profiles
        thread = next((part.record for part in parts if part.kind == "thread"), None)
        if thread is None:
            return []
        records = [part.record for part in parts if part.kind == "message"]
        messages, refused = parts_of("messages", account, records, lambda one: [Said.model_validate(one)])
        rows = rows_of(
            "conversations",
            account,
            thread,
            lambda: mapping.thread_rows(
                account, KnownThread.model_validate(thread), messages, has_profiles=has_profiles
            ),
        )
        name = of.removeprefix(mapping.name_of(""))
        return [*rows, *refused, *mapping.message_rows(account, name, messages)] if rows else []

    def _changed(
        self, threads: Sequence[Thread], channels: Mapping[str, str], known: Known
    ) -> tuple[list[Part], list[Row]]:
        """Threads that are not as they were, with their messages and shoppers."""
        before = known.of([mapping.name_of(one.id) for one in threads], "thread")
        changed = [one for one in threads if _thread(before.get(mapping.name_of(one.id))) != one]
        contacts = self._contacts({one.associatedContactId for one in changed if one.associatedContactId})
        parts, refused = list[Part](), list[Row]()
        for thread in changed:
            messages, unread = parts_of(
                "messages",
                self.account,
                self._messages(thread.id),
                lambda one: [self._whole(thread.id, Message.read(one, self.unknown))],  # noqa: B023
            )
            refused += unread
            self._learn({name for one in messages for name in (*one.actor_ids, one.assignedTo) if name})
            channel, contact = (
                channels.get(thread.originalChannelId or ""),
                contacts.get(thread.associatedContactId or ""),
            )
            parts.append(mapping.thread_part(thread, channel, contact))
            parts += [part for one in messages for part in mapping.message_parts(thread.id, one, self._actors)]
        return parts, refused

    def _messages(self, of: str) -> list[Any]:
        """All messages of a thread."""
        path = f"{self._path}/threads/{of}/messages"
        return _unless_gone(lambda: [one for page in self._pages(path, {}) for one in page]) or []

    def _whole(self, of: str, message: Message) -> Message:
        """The message; where HubSpot cut its text, with the text as it was sent."""
        if message.truncationStatus != "TRUNCATED":
            return message
        path = f"{self._path}/threads/{of}/messages/{message.id}/original-content"
        content = _unless_gone(lambda: Content.answered(NAME, self._http.get(path), self.unknown))
        return message.model_copy(update={"text": content.text}) if content and content.text else message

    def _learn(self, names: Collection[str]) -> None:
        """Of what type the actors are."""
        asked = sorted(names - self._actors.keys())
        if asked:
            found = self._found(f"{self._path}/actors/batch/read", {"inputs": asked})
            self._actors |= dict.fromkeys(asked, "")
            self._actors |= {one.id: one.type or "" for one in self._all(Actor, found)}

    def _contacts(self, names: Collection[str]) -> dict[str, Contact]:
        """Contacts by their ids; a visitor who is none yet is left out."""
        if not names:
            return {}
        body = {
            "inputs": [{"id": name} for name in sorted(names)],
            "properties": list(Properties.model_fields),
            "propertiesWithHistory": [],
        }
        found = self._found(f"crm/objects/{self._settings.version}/contacts/batch/read", body)
        return {one.id: one for one in self._all(Contact, found)}

    def _found(self, path: str, body: Mapping[str, Any]) -> Sequence[Any]:
        return Found.answered(NAME, self._http.post(path, body), self.unknown).results

    def _all(self, kind: type[T], records: Iterable[Any]) -> Iterator[T]:
        """Those that can be read; threads count without the others."""
        for one in records:
            with suppress(ValidationError):
                yield kind.read(one, self.unknown)

    def _threads_since(self, since: datetime) -> dict[str, str]:
        return {
            "sort": "latestMessageTimestamp",
            "latestMessageTimestampAfter": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "association": "TICKET",
        }

    def _pages(self, path: str, params: Mapping[str, str], limit: int = PAGE) -> Iterator[Sequence[Any]]:
        """The records of each page; an answer without `paging.next` is the last."""
        after = ""
        while True:
            given = {**params, "limit": str(limit)} | ({"after": after} if after else {})
            page = Page.answered(NAME, self._http.get(path, given, optional=OPTIONAL), self.unknown)
            yield page.results
            following = (page.paging.next.after if page.paging and page.paging.next else None) or ""
            if not following:
                return
            if following == after:
                raise SourceRefused(f"{NAME} says that there is more, and not where", remedy="the API has changed")
            after = following


def _unless_gone(asked: Callable[[], A]) -> A | None:
    """The answer; nothing where what it is about was deleted meanwhile."""
    try:
        return asked()
    except SourceRefused as refused:
        if refused.status != 404:
            raise
        return None


def _thread(kept: Any) -> Thread | None:
    """The thread of a part, as it was."""
    with suppress(ValidationError):
        return KnownThread.model_validate(kept).thread
    return None


def _explain(status: int, _answer: Any) -> str | None:
    return {
        401: "see to the access token",
        403: "give the private app the scopes conversations.read and crm.objects.contacts.read",
        404: "see to base_url and version",
    }.get(status)
