"""What is asked of a HubSpot: threads by their latest message, oldest first, and the messages of those that changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from dlt.sources.helpers.rest_client.auth import BearerTokenAuth

from flows.ground.errors import SourceRefused
from flows.sources import api
from flows.sources.api import (
    Batch,
    Http,
    JsonObject,
    Known,
    Pace,
    Part,
    Place,
    Row,
    instant,
    listed,
    nested,
    parts_of,
    rows_of,
)
from flows.sources.hubspot import mapping
from flows.sources.hubspot.settings import HubspotSettings

NAME = "hubspot"
PAGE = 100
BEGINNING = date(2006, 1, 1)  # there was no HubSpot before


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
            str(one.get("id")): str(one.get("name"))
            for page in self._pages(f"{self._path}/channels", {})
            for one in page
            if isinstance(one, dict) and one.get("name")
        }
        reached, last, is_ordered = place.get("latest", ""), "", True
        for threads in self._pages(f"{self._path}/threads", self._threads_since(since)):
            stamps = [at for one in threads if (at := _latest(one))]
            is_ordered = is_ordered and [last, *stamps] == sorted([last, *stamps])
            reached, last = max([reached, *stamps]), stamps[-1] if stamps else last
            batch = self._changed(threads, channels, known)
            is_news = is_ordered and reached != place.get("latest", "")
            yield Batch(batch.rows, {"latest": reached} if is_news else {}, parts=batch.parts)
        if not is_ordered:  # where the order that was asked for is not kept, only the end is a place
            yield Batch((), {"latest": reached})

    def joined(self, of: str, parts: Sequence[Part]) -> Iterable[Row]:
        """The thread, once it is known itself; each message by itself."""
        account, name = self.account, of.removeprefix(f"{NAME}:")
        has_profiles = self._settings.brings_profiles
        records = [part.record for part in parts if part.kind == "thread"]
        rows = rows_of(
            "conversations", account, records, lambda: mapping.thread_rows(account, parts, has_profiles=has_profiles)
        )
        if rows:
            for message in (part.record for part in parts if part.kind == "message"):
                if message.get("type") in mapping.WRITTEN:
                    rows += rows_of("messages", account, message, lambda: [mapping.message_row(account, name, message)])  # noqa: B023
        return rows

    def _changed(self, threads: Sequence[Any], channels: Mapping[str, str], known: Known) -> Batch:
        """Threads that are not as they were, with their messages and shoppers."""
        read, refused = parts_of(
            "conversations",
            self.account,
            threads,
            lambda one: [mapping.thread_part(mapping.thread_record(one), None, None)],
        )
        before = known.of([one.of for one in read], "thread")
        changed = [
            one.record["thread"] for one in read if nested(before.get(one.of)).get("thread") != one.record["thread"]
        ]
        contacts = self._contacts({str(name) for one in changed if (name := one.get("associatedContactId"))})
        parts = list[Part]()
        for thread in changed:
            of = mapping.identifier(thread)
            messages = self._messages(of)
            self._learn({name for one in messages for name in mapping.actor_ids(one)})
            made, unread = parts_of(
                "messages",
                self.account,
                messages,
                lambda one: mapping.message_parts(of, one, self._actors),  # noqa: B023
            )
            channel = channels.get(str(thread.get("originalChannelId")))
            contact = contacts.get(str(thread.get("associatedContactId")))
            parts += [mapping.thread_part(thread, channel, contact), *made]
            refused += unread
        return Batch(refused, parts=parts)

    def _messages(self, of: str) -> list[Any]:
        """All messages of a thread, each with its whole text; none where it is gone."""
        try:
            found = [one for page in self._pages(f"{self._path}/threads/{of}/messages", {}) for one in page]
        except SourceRefused as refused:
            if refused.status == 404:
                return []
            raise
        return [self._whole(of, one) for one in found]

    def _whole(self, of: str, message: Any) -> Any:
        """The message; where HubSpot cut its text, with the text as it was sent."""
        if not isinstance(message, dict) or message.get("truncationStatus") != "TRUNCATED" or not message.get("id"):
            return message
        answer = self._http.get(f"{self._path}/threads/{of}/messages/{message['id']}/original-content")
        return message | {"text": nested(answer).get("text") or message.get("text")}

    def _learn(self, names: Collection[str]) -> None:
        """Of what type the actors are."""
        asked = sorted(names - self._actors.keys())
        if asked:
            answer = self._http.post(f"{self._path}/actors/batch/read", {"inputs": asked})
            found = [one for one in listed(nested(answer).get("results")) if isinstance(one, dict)]
            self._actors |= dict.fromkeys(asked, "")
            self._actors |= {str(one.get("id")): str(one.get("type") or "") for one in found}

    def _contacts(self, names: Collection[str]) -> dict[str, JsonObject]:
        """Contacts by their ids; a visitor who is none yet is left out."""
        if not names:
            return {}
        body = {
            "inputs": [{"id": name} for name in sorted(names)],
            "properties": list(mapping.CONTACT),
            "propertiesWithHistory": [],
        }
        answer = self._http.post(f"crm/objects/{self._settings.version}/contacts/batch/read", body)
        kept = ("id", "properties", "updatedAt")
        found = [one for one in listed(nested(answer).get("results")) if isinstance(one, dict) and one.get("id")]
        return {
            str(one["id"]): {
                **{name: one.get(name) for name in kept},
                "properties": {name: nested(one.get("properties")).get(name) for name in mapping.CONTACT},
            }
            for one in found
        }

    def _threads_since(self, since: datetime) -> dict[str, str]:
        return {
            "sort": "latestMessageTimestamp",
            "latestMessageTimestampAfter": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "association": "TICKET",
        }

    def _pages(self, path: str, params: Mapping[str, str], limit: int = PAGE) -> Iterator[list[Any]]:
        """The records of each page; an answer without `paging.next` is the last."""
        after = ""
        while True:
            answer = self._http.get(path, {**params, "limit": str(limit)} | ({"after": after} if after else {}))
            if not isinstance(answer, dict) or "results" not in answer:
                raise SourceRefused(f"{NAME} answers no list for {path}", remedy="the API has changed; report it")
            yield listed(answer["results"])
            following = str(nested(nested(answer.get("paging")).get("next")).get("after") or "")
            if not following:
                return
            if following == after:
                raise SourceRefused(f"{NAME} says that there is more, and not where", remedy="the API has changed")
            after = following


def _latest(thread: Any) -> str | None:
    try:
        return instant(nested(thread), "latestMessageTimestamp")
    except ValueError:
        return None


def _explain(status: int, _answer: Any) -> str | None:
    return {
        401: "see to the access token",
        403: "give the private app the scopes conversations.read and crm.objects.contacts.read",
        404: "see to base_url and version",
    }.get(status)
