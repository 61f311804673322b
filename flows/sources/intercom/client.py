"""What is asked of an Intercom: conversations in which Fin took part, by when they changed, oldest changes first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from dlt.sources.helpers.rest_client.auth import BearerTokenAuth

from flows.ground.errors import SourceRefused
from flows.sources import api
from flows.sources.api import Batch, Http, JsonObject, Known, Pace, Place, Row, rows_of
from flows.sources.intercom import mapping
from flows.sources.intercom.settings import IntercomSettings

NAME = "intercom"
PAGE = 150
CONTACTS = 50  # asked for at once: the size of a page where none is given
MOST = 450  # conversations of a window; a pull stops between windows
SHORTEST = timedelta(hours=1)  # of a window, however much is in it
OVERLAP = timedelta(minutes=10)  # what has just changed is not found at once
BEGINNING = date(2011, 1, 1)  # there was no Intercom before


class Client(api.Client):
    """One workspace; a client of `flows.sources.api`."""

    rereads = timedelta(days=2)

    def __init__(
        self,
        account: str,
        settings: IntercomSettings,
        environment: Mapping[str, str],
        waiting: Callable[[float], None],
    ) -> None:
        self.account, self._settings = account, settings
        self._begins = datetime.combine(settings.start or BEGINNING, time(), UTC)
        auth = BearerTokenAuth(settings.access_token.read(environment))
        pace = Pace(NAME, ((settings.calls_per_minute, 60.0),), waiting)
        headers = {"Intercom-Version": settings.version, "Accept": "application/json"}
        self._http = Http(NAME, settings.url, auth=auth, pace=pace, headers=headers, explain=_explain)

    def check(self) -> str:
        """One search of conversations, and one of contacts."""
        now = datetime.now(UTC)
        self._found(now - SHORTEST, now, None, size=1)
        self._contacts(["0"])
        return f"{self._settings.url} answers, conversations and contacts can be read"

    def read(self, place: Place, known: Known) -> Iterator[Batch]:  # noqa: ARG002  a conversation comes whole
        """Window by window of when conversations changed; a window is as long as it takes to hold about `MOST`."""
        now = datetime.now(UTC).replace(microsecond=0)
        since = began = datetime.fromisoformat(place["updated"]) if "updated" in place else self._begins
        is_first_load = place.get("complete") != "yes"
        length = now - since
        while since < now:
            until = min(since + length, now)
            first = self._found(since - OVERLAP, until, None)
            if _total(first) > MOST and until - since > SHORTEST:
                length = max((until - since) / 2, SHORTEST)
                continue
            yield from self._window(since - OVERLAP, until, first)
            is_over = until == now
            share = (until - began) / (now - began) if is_first_load else None
            went_on = {"updated": until.isoformat()} | ({"complete": "yes"} if is_over else {})
            yield Batch((), went_on, share=share, is_milestone=is_over and is_first_load)
            since, length = until, length * 2

    def _window(self, since: datetime, until: datetime, first: JsonObject) -> Iterator[Batch]:
        """The conversations of a window, page by page."""
        answer, cursor = first, None
        while True:
            yield Batch(self._page(mapping.listed(answer, "conversations")))
            following = _following(answer)
            if not following:
                return
            if following == cursor:
                raise SourceRefused(f"{NAME} says that there is more, and not where", remedy="the API has changed")
            answer, cursor = self._found(since, until, following), following

    def _page(self, found: Sequence[Any]) -> list[Row]:
        """The rows of conversations that a search found, each record by itself, and of their shoppers."""
        rows, threads = list[Row](), list[JsonObject]()
        for record in found:
            rows += rows_of("conversations", self.account, record, lambda: self._read(record, threads))  # noqa: B023
        contacts = self._shoppers({name for thread in threads if (name := mapping.contact_id(thread))})
        if self._settings.brings_profiles:
            for contact in contacts.values():
                rows += rows_of("profiles", self.account, contact, lambda: [mapping.profile_row(self.account, contact)])  # noqa: B023
        for thread in threads:
            rows += self._rows(thread, contacts)
        return rows

    def _read(self, record: Any, threads: list[JsonObject]) -> Sequence[Row]:
        """Append the whole conversation to `threads`; there are no rows yet."""
        thread = self._whole(mapping.conversation_id(record))
        threads += [thread] if thread else []
        return ()

    def _rows(self, thread: JsonObject, contacts: Mapping[str, Any]) -> list[Row]:
        account, has_profiles = self.account, self._settings.brings_profiles
        shopper = contacts.get(mapping.contact_id(thread) or "")
        last, articles = mapping.articles_of_last_answer(thread)
        tables: tuple[tuple[str, Any, Callable[[], Iterable[Row]]], ...] = (
            (
                "conversations",
                thread,
                lambda: [mapping.conversation_row(account, thread, shopper, has_profiles=has_profiles)],
            ),
            ("messages", thread.get("source"), lambda: mapping.opening_rows(account, thread)),
            ("handoff_events", thread, lambda: mapping.handoff_rows(account, thread)),
            ("articles", thread, lambda: mapping.article_rows(account, thread)),
            ("source_counts", thread, lambda: mapping.count_rows(account, thread)),
        )
        rows = [row for table, record, made in tables for row in rows_of(table, account, record, made)]
        for part in mapping.parts(thread):
            of = articles if part is last else ()
            rows += rows_of("messages", account, part, lambda: mapping.message_rows(account, thread, part, of))  # noqa: B023
        return rows

    def _whole(self, name: str) -> JsonObject | None:
        """A conversation with its parts, asked again where fewer came than it has; None where it is gone."""
        for _ in range(2):
            try:
                answer: JsonObject = self._http.get(f"conversations/{name}", {"display_as": "plaintext"})
            except SourceRefused as refused:
                if refused.status == 404:
                    return None
                raise
            if not isinstance(answer, dict):
                raise SourceRefused(f"{NAME} answers no object for a conversation", remedy="the API has changed")
            if len(mapping.parts(answer)) >= min(mapping.part_count(answer) or 0, mapping.MOST_PARTS):
                break
        return answer

    def _shoppers(self, names: Collection[str]) -> dict[str, Any]:
        """Contacts by their ids, as far as they are there."""
        asked = sorted(names)
        found = [
            contact
            for first in range(0, len(asked), CONTACTS)
            for contact in self._contacts(asked[first : first + CONTACTS])
        ]
        there = {str(contact.get("id")): contact for contact in found if isinstance(contact, dict)}
        return there | {name: contact for name in asked if name not in there and (contact := self._contact(name))}

    def _contact(self, name: str) -> Any:
        """A contact that the search does not know yet; None where it is gone, or was merged into another."""
        try:
            return self._http.get(f"contacts/{name}")
        except SourceRefused as refused:
            if refused.status in {404, 410}:
                return None
            raise

    def _contacts(self, names: Sequence[str]) -> list[Any]:
        query = {"field": "id", "operator": "IN", "value": list(names)}
        answer = self._http.post("contacts/search", {"query": query, "pagination": {"per_page": CONTACTS}})
        return mapping.listed(answer, "data")

    def _found(self, since: datetime, until: datetime, cursor: str | None, size: int = PAGE) -> JsonObject:
        """A page of the conversations that were changed in a time; both ends belong to it."""
        changed = [("updated_at", ">", int(since.timestamp())), ("updated_at", "<", int(until.timestamp()))]
        filters = [*changed, ("ai_agent_participated", "=", True)]
        query = {
            "operator": "AND",
            "value": [{"field": field, "operator": operator, "value": value} for field, operator, value in filters],
        }
        pagination = {"per_page": size} | ({"starting_after": cursor} if cursor else {})
        answer = self._http.post("conversations/search", {"query": query, "pagination": pagination})
        if not isinstance(answer, dict) or "conversations" not in answer:
            raise SourceRefused(f"{NAME} finds no list of conversations", remedy="the API has changed; report it")
        return answer


def _total(answer: JsonObject) -> int:
    total = answer.get("total_count")
    return total if isinstance(total, int) else 0


def _following(answer: JsonObject) -> str | None:
    """The cursor of the next page, None on the last one."""
    pages = answer.get("pages")
    following = pages.get("next") if isinstance(pages, dict) else None
    cursor = following.get("starting_after") if isinstance(following, dict) else None
    return str(cursor) if cursor else None


def _explain(status: int, _answer: Any) -> str | None:
    return {
        401: "see to the access token, and to region",
        403: "give the app of the access token the rights to read conversations, users and companies",
        404: "see to base_url",
    }.get(status)
