"""What is asked of a Gorgias: tickets, messages and surveys, newest first, because it filters by no time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from typing import Any, NamedTuple

from dlt.sources.helpers.rest_client.auth import HttpBasicAuth
from pydantic import ValidationError

from flows.ground.errors import SourceRefused
from flows.sources import api
from flows.sources.api import Batch, Http, Known, Pace, Part, Place, Row, parts_of, rows_of
from flows.sources.gorgias import mapping
from flows.sources.gorgias.records import Message, Page, SentSurvey, Stamps, Ticket
from flows.sources.gorgias.settings import GorgiasSettings

NAME = "gorgias"
PAGE = 100
BEGINNING = date(2015, 1, 1)  # there were no tickets before


@dataclass(frozen=True)
class Feed:
    """A list, newest first by `stamp`. `rereads`: how far below what was read it is read again for what came late."""

    name: str
    stamp: str
    rereads: timedelta
    parts: Callable[[Any], Iterable[Part]]
    is_optional: bool = False


class Gap(NamedTuple):
    """A descent that is not over: it goes on at `cursor` (empty: at the top), down to `floor`; `reached` so far."""

    floor: str
    cursor: str = ""
    reached: str = ""


@dataclass
class Standing:
    """What was read of a feed: everything up to `newest`, but for `gaps`, newest first."""

    feed: Feed
    newest: str
    gaps: list[Gap]
    is_new: bool

    @classmethod
    def of(cls, feed: Feed, place: Place) -> Standing:
        """As the place says."""
        gaps = json.loads(place.get(f"{feed.name}/gaps") or "[]")
        newest = place.get(f"{feed.name}/newest", "")
        return cls(feed, newest, [Gap(*map(str, gap)) for gap in gaps], is_new=not newest)

    def place(self) -> Place:
        """What `of` reads; a descent that has not begun begins anew."""
        gaps = [gap for gap in self.gaps if gap.cursor]
        return {f"{self.feed.name}/newest": self.newest, f"{self.feed.name}/gaps": json.dumps(gaps)}

    def share(self, begins: datetime) -> float:
        """How much of the time since the beginning has been read."""
        if not self.gaps or self.gaps[-1].floor > _written(begins) or not (self.is_new or self.gaps[-1].cursor):
            return 1.0
        top, reached = datetime.fromisoformat(self.newest or self.gaps[-1].floor), self.gaps[-1].reached
        whole = top - begins
        return (top - datetime.fromisoformat(reached)) / whole if reached and whole else 0.0


class Client(api.Client):
    """One Gorgias; a client of `flows.sources.api`."""

    rereads = timedelta(days=40)

    def __init__(
        self,
        account: str,
        settings: GorgiasSettings,
        environment: Mapping[str, str],
        waiting: Callable[[float], None],
    ) -> None:
        self.account, self._settings = account, settings
        self._begins = datetime.combine(settings.start or BEGINNING, time(), UTC)
        auth = HttpBasicAuth(settings.username.read(environment), settings.api_key.read(environment))
        pace = Pace(NAME, ((settings.calls_per_20_seconds, 20.0),), waiting)
        self._http = Http(NAME, settings.url, auth=auth, pace=pace, explain=_explain)
        automatic = {sender.lower() for sender in settings.automatic_senders}
        self._feeds = (
            Feed(
                "tickets",
                "updated_datetime",
                timedelta(minutes=10),
                lambda one: [mapping.ticket_part(Ticket.read(one, self.unknown))],
            ),
            Feed(
                "messages",
                "created_datetime",
                timedelta(hours=1),
                lambda one: mapping.reply_parts(Message.read(one, self.unknown), automatic),
            ),
            Feed(
                "satisfaction-surveys",
                "created_datetime",
                timedelta(days=30),  # made when it is sent, and answered later
                lambda one: mapping.survey_parts(SentSurvey.read(one, self.unknown)),
                is_optional=True,
            ),
        )

    def check(self) -> str:
        """One record of each list."""
        for feed in self._feeds:
            self._page(feed, "", limit=1)
        return f"{self._settings.url} answers, tickets, messages and satisfaction surveys can be read"

    def read(self, place: Place, known: Known) -> Iterator[Batch]:  # noqa: ARG002  parts are joined later
        """What is new of all three; then what earlier pulls left out, because they were cut off on their way down."""
        standings = [Standing.of(feed, place) for feed in self._feeds]
        left = [len(standing.gaps) for standing in standings]
        for standing in standings:
            since = self._begins
            if standing.newest:
                since = max(since, datetime.fromisoformat(standing.newest) - standing.feed.rereads)
            standing.gaps.insert(0, Gap(_written(since)))
        descents = chain(
            *(self._down(standing, down_to) for standing, down_to in zip(standings, left, strict=True)),
            *(self._down(standing, 0, is_left=True) for standing in standings),
            [Batch((), standings[0].place())],
        )
        is_first_load = any(standing.share(self._begins) < 1 for standing in standings)
        for batch in descents:
            stands = {name: value for standing in standings for name, value in standing.place().items()}
            share = sum(standing.share(self._begins) for standing in standings) / len(standings)
            yield replace(batch, place=stands if batch.place else {}, share=share if is_first_load else None)

    def joined(self, of: str, parts: Sequence[Part]) -> Iterable[Row]:  # noqa: ARG002
        """The ticket, once it is known itself."""
        known = [part.record for part in parts]
        return rows_of("tickets", self.account, known, lambda: mapping.ticket_rows(self.account, parts, self._settings))

    def _down(self, standing: Standing, gaps: int, is_left: bool = False) -> Iterator[Batch]:
        """Page by page, until only so many gaps are left, the oldest ones.

        No place to stop is where nothing but what is read again has been read: every pull is to come further.
        """
        remembered = set(standing.gaps) if is_left else set()
        while len(standing.gaps) > gaps:
            gap, feed = standing.gaps[0], standing.feed
            found, following = self._page(feed, gap.cursor, may_be_forgotten=gap in remembered)
            stamps = _stamps(feed, found)
            known = [stamp for stamp in stamps if stamp]
            is_ordered = self._http.takes(f"api/{feed.name}", "order_by")
            if known and not (gap.cursor and is_ordered):
                standing.newest = max(standing.newest, *known)
            is_over = not following or (is_ordered and (not known or known[-1] < gap.floor))
            standing.gaps[:1] = [] if is_over else [Gap(gap.floor, following, min(known, default=gap.reached))]
            above = [record for record, stamp in zip(found, stamps, strict=True) if stamp is None or stamp >= gap.floor]
            is_first = bool(found) and standing.is_new
            parts, refused = parts_of("tickets", self.account, above, feed.parts)
            read_before = _written(datetime.fromisoformat(gap.floor) + feed.rereads)
            is_news = is_left or is_first or (bool(known) and known[-1] > read_before)
            # What is read for the first time is remembered even where it holds nothing of interest.
            yield Batch(refused, standing.place() if is_news else {}, parts=parts, is_milestone=is_left or is_first)

    def _page(
        self, feed: Feed, cursor: str, *, limit: int = PAGE, may_be_forgotten: bool = False
    ) -> tuple[Sequence[Any], str]:
        """Records, and the cursor of the next page, empty at the end; the top, where the cursor is forgotten."""
        params = {"order_by": f"{feed.stamp}:desc", "limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        try:
            answer = self._http.get(f"api/{feed.name}", params, optional=("order_by",))
        except SourceRefused as refused:
            if feed.is_optional and refused.status == 404:
                return [], ""  # an account without surveys; those that tickets bring count
            if not may_be_forgotten or refused.status not in {400, 404, 410, 422}:
                raise
            return self._page(feed, "", limit=limit)
        page = Page.answered(NAME, answer, self.unknown)
        if page.meta is None and len(page.data) >= limit:
            raise SourceRefused(f"{NAME} answers no list with a cursor for {feed.name}", remedy="report it")
        return page.data, (page.meta.next_cursor if page.meta else None) or ""


def _stamps(feed: Feed, found: Sequence[Any]) -> list[str | None]:
    """By which the records are ordered; a few may have none."""
    stamps = [_stamp(feed, record) for record in found]
    if found and not any(stamps):
        what = f"{NAME} delivers {feed.name} without {feed.stamp}"
        raise SourceRefused(what, remedy="the API has changed; report it")
    return stamps


def _stamp(feed: Feed, record: Any) -> str | None:
    try:
        at = getattr(Stamps.model_validate(record), feed.stamp)
    except ValidationError:
        return None
    return _written(datetime.fromisoformat(at)) if at else None


def _written(instant: datetime) -> str:
    """The instant, so that texts compare as instants do."""
    return instant.isoformat(timespec="microseconds")


def _explain(status: int, _answer: Any) -> str | None:
    if 300 <= status < 400 or status == 404:
        return "see to account: the Gorgias may have another name now"
    return {
        401: "see to username and API key",
        403: "see to the API key's user: it has to be allowed to read tickets, messages and satisfaction surveys",
    }.get(status)
