"""What is asked of an Intercom: conversations in which Fin took part, by when they changed, oldest changes first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from dlt.sources.helpers.rest_client.auth import BearerTokenAuth

from flows.ground.errors import SourceRefused
from flows.sources import api
from flows.sources.api import Batch, Http, Known, Pace, Place, Row, Unknown, parts_of, rows_of
from flows.sources.intercom import mapping
from flows.sources.intercom.mapping import Thread
from flows.sources.intercom.records import (
    Contact,
    ContactList,
    ContentSource,
    Conversation,
    ConversationList,
    Found,
)
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
            if (first.total_count or 0) > MOST and until - since > SHORTEST:
                length = max((until - since) / 2, SHORTEST)
                continue
            yield from self._window(since - OVERLAP, until, first)
            is_over = until == now
            share = (until - began) / (now - began) if is_first_load else None
            went_on = {"updated": until.isoformat()} | ({"complete": "yes"} if is_over else {})
            yield Batch((), went_on, share=share, is_milestone=is_over and is_first_load)
            since, length = until, length * 2

    def _window(self, since: datetime, until: datetime, first: ConversationList) -> Iterator[Batch]:
        """The conversations of a window, page by page."""
        answer, cursor = first, None
        while True:
            yield Batch(self._page(answer.conversations))
            following = answer.pages.next.starting_after if answer.pages and answer.pages.next else None
            if not following:
                return
            if following == cursor:
                raise SourceRefused(f"{NAME} says that there is more, and not where", remedy="the API has changed")
            answer, cursor = self._found(since, until, following), following

    def _page(self, found: Sequence[Any]) -> list[Row]:
        """The rows of conversations that a search found, each record by itself, and of their shoppers."""
        rows, threads = list[Row](), list[Thread]()
        for record in found:
            rows += rows_of("conversations", self.account, record, lambda: self._read(record, threads))  # noqa: B023
        contacts, unread = self._shoppers(
            {name for thread in threads if (name := mapping.contact_id(thread.conversation))}
        )
        rows += unread  # also where contacts are no profiles: conversations have no email then
        if self._settings.brings_profiles:
            rows += [mapping.profile_row(self.account, contact) for contact in contacts.values()]
        for thread in threads:
            rows += self._rows(thread, contacts)
        return rows

    def _read(self, record: Any, threads: list[Thread]) -> list[Row]:
        """Append the whole conversation to `threads`; the rows are those of what cannot be read of it."""
        refused = list[Row]()
        for answer in self._whole(Found.read(record, Unknown()).id):
            refused += rows_of("conversations", self.account, answer, lambda: self._taken_apart(answer, threads))  # noqa: B023
        return refused

    def _taken_apart(self, answer: Any, threads: list[Thread]) -> list[Row]:
        conversation = Conversation.read(answer, self.unknown)
        parts, unread = parts_of(
            "messages",
            self.account,
            conversation.conversation_parts.conversation_parts,
            lambda one: mapping.parts(one, self.unknown),
        )
        contents, refused = parts_of(
            "articles",
            self.account,
            conversation.ai_agent.content_sources.content_sources if conversation.ai_agent else (),
            lambda one: [ContentSource.read(one, self.unknown)],
        )
        threads.append(Thread(conversation, parts, contents, len(unread)))
        return unread + refused

    def _rows(self, thread: Thread, contacts: Mapping[str, Contact]) -> list[Row]:
        shopper = contacts.get(mapping.contact_id(thread.conversation) or "")
        has_profiles = self._settings.brings_profiles
        return rows_of(
            "conversations",
            self.account,
            thread.conversation.kept(),
            lambda: mapping.rows(self.account, thread, shopper, has_profiles=has_profiles),
        )

    def _whole(self, name: str) -> list[Any]:
        """A conversation with its parts, asked again where fewer came than it has; none where it is gone."""
        answer: Any = None
        for _ in range(2):
            try:
                answer = self._http.get(f"conversations/{name}", {"display_as": "plaintext"})
            except SourceRefused as refused:
                if refused.status == 404:
                    return []
                raise
            if mapping.is_whole(answer):
                break
        return [answer]

    def _shoppers(self, names: Collection[str]) -> tuple[dict[str, Contact], list[Row]]:
        """Contacts by their ids, as far as they are there, and those that cannot be read, each of them once."""
        asked, found, unread, refused = sorted(names), dict[str, Contact](), list[Row](), list[Row]()
        for first in range(0, len(asked), CONTACTS):
            contacts, misread = self._read_contacts(self._contacts(asked[first : first + CONTACTS]))
            found |= {contact.id: contact for contact in contacts}
            unread += misread
        gone = set[str]()
        for name in asked:
            if name not in found:  # it is not known to the search yet, or could not be read
                contacts, misread = self._read_contacts(self._contact(name))
                found.update((name, contact) for contact in contacts)
                refused += misread
                gone |= set() if contacts or misread else {name}
        # Only the search had these. A record without an id may be of any contact that is not there.
        return found, refused + [row for row in unread if gone and mapping.id_of(row.record) in {None, *gone}]

    def _read_contacts(self, records: Iterable[Any]) -> tuple[list[Contact], list[Row]]:
        return parts_of("profiles", self.account, records, lambda one: [Contact.read(one, self.unknown)])

    def _contact(self, name: str) -> list[Any]:
        """A contact by its id; none where it is gone, or was merged into another."""
        try:
            return [self._http.get(f"contacts/{name}")]
        except SourceRefused as refused:
            if refused.status in {404, 410}:
                return []
            raise

    def _contacts(self, names: Sequence[str]) -> Sequence[Any]:
        query = {"field": "id", "operator": "IN", "value": list(names)}
        answer = self._http.post("contacts/search", {"query": query, "pagination": {"per_page": CONTACTS}})
        return ContactList.answered(NAME, answer, self.unknown).data

    def _found(self, since: datetime, until: datetime, cursor: str | None, size: int = PAGE) -> ConversationList:
        """A page of the conversations that were changed in a time; both ends belong to it."""
        changed = [("updated_at", ">", int(since.timestamp())), ("updated_at", "<", int(until.timestamp()))]
        filters = [*changed, ("ai_agent_participated", "=", True)]
        query = {
            "operator": "AND",
            "value": [{"field": field, "operator": operator, "value": value} for field, operator, value in filters],
        }
        pagination = {"per_page": size} | ({"starting_after": cursor} if cursor else {})
        answer = self._http.post("conversations/search", {"query": query, "pagination": pagination})
        return ConversationList.answered(NAME, answer, self.unknown)


def _explain(status: int, _answer: Any) -> str | None:
    return {
        401: "see to the access token, and to region",
        403: "give the app of the access token the rights to read conversations, users and companies",
        404: "see to base_url",
    }.get(status)
