"""What is asked of Klaviyo, and in which order: what changed first, then the past, newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

from dlt.sources.helpers.rest_client.auth import APIKeyAuth

from flows.ground.errors import SourceRefused
from flows.sources import api
from flows.sources.api import Batch, Known, Pace, Part, Place, Row, parts_of, rows_of
from flows.sources.klaviyo import mapping, orders
from flows.sources.klaviyo.agent import Article, Skill
from flows.sources.klaviyo.conversations import Conversations
from flows.sources.klaviyo.endpoints import NAME, NO_RIGHT, Endpoints, Group, stamp
from flows.sources.klaviyo.events import Events, Metric
from flows.sources.klaviyo.parts import Words, conversation_rows
from flows.sources.klaviyo.properties import instant, normal
from flows.sources.klaviyo.records import Profile
from flows.sources.klaviyo.settings import KlaviyoSettings

SECOND = timedelta(seconds=1)
FOUNDED = datetime(2012, 1, 1, tzinfo=UTC)
FIELDS = {"fields[profile]": ",".join(mapping.PROFILE)}
WITH_CONSENT = {
    "fields[profile]": ",".join((*mapping.PROFILE, *mapping.CONSENT)),
    "additional-fields[profile]": "subscriptions",
}
FAMILIES: tuple[tuple[Group, str, Mapping[str, str]], ...] = (
    (Group.PROFILES, "api/profiles", FIELDS),
    (Group.EVENTS, "api/events", {}),
    (Group.CONVERSATIONS, "api/customer-agent-conversations", {}),
)


class Client(api.Client):
    """One account; a client of `flows.sources.api`."""

    def __init__(
        self,
        account: str,
        settings: KlaviyoSettings,
        environment: Mapping[str, str],
        waiting: Callable[[float], None],
    ) -> None:
        self.account, self._settings = account, settings
        self.rereads = timedelta(days=settings.reread_days + 2)
        key = f"Klaviyo-API-Key {settings.api_key.read(environment)}"
        auth = APIKeyAuth(name="Authorization", api_key=key, location="header")
        self.endpoints = self._ask = Endpoints(
            settings, auth, lambda group: Pace(NAME, group.limits, waiting), self.unknown
        )
        self._skills: Mapping[str, str] = {}
        self._begins = datetime.combine(settings.start, time(), UTC) if settings.start else FOUNDED
        self._events = Events(account, settings, self._ask, self._begins)

    def check(self) -> str:
        """One call to each family of endpoints: the key may read them all.

        Names metrics that may be interactions, and says how much of the knowledge has no text.
        """
        there = {normal(name): name for _, name in self._ask.metrics()}
        wanted = {kind: set(map(normal, names)) for kind, names in self._events.names().items()}
        missing = [kind for kind in mapping.OF_CONVERSATIONS if there.keys().isdisjoint(wanted[kind])]
        missing += [one.metric for one in self._settings.interactions if normal(one.metric) not in there]
        taken = set().union(*wanted.values())
        like = [name for at, name in sorted(there.items()) if at not in taken and mapping.LOOKS_LIKE.search(name)]
        self._ask.skills()
        for group, path, params in FAMILIES:
            self._ask.first(group, path, params)
        now = datetime.now(UTC).replace(microsecond=0)
        self._ask.report("values", ["volume"], (now - timedelta(days=1), now))
        without = f"; the account has no metric yet for: {', '.join(missing)}" if missing else ""
        maybe = f"; these metrics may be interactions, which settings can name: {', '.join(like)}" if like else ""
        rows = self._articles()
        bare = sum(not row.refused and not row.values["body"] for row in rows)
        told = f"; {bare:,} of {len(rows):,} articles have no text here and answer nothing (8.3)" if bare else ""
        return f"{self._settings.base_url} answers, everything can be read{without}{maybe}{told}"

    def read(self, place: Place, known: Known) -> Iterator[Batch]:
        """Lists, then what is new, then the past window by window; conversations last, their limit is the lowest."""
        now = datetime.now(UTC).replace(microsecond=0)
        conversations = Conversations(self.account, self._settings, self._ask, self._begins)
        skills, refused = parts_of("skills", self.account, self._ask.skills(), self._skill)
        self._skills = mapping.skills_by_name(skills)
        yield Batch([*(mapping.skill_row(self.account, one) for one in skills), *refused])
        yield self._knowledge()
        yield from self._profiles(place)
        for of, sku, product in known.named_by_sku(NAME):
            yield Batch((), parts=[Part(f"conversation/{of}", "product", sku, product)])
        metrics = self._events.metrics()
        for metric in metrics:
            yield from self._events.new(metric, place, known, now)
        yield from conversations.new(place, known, now)
        yield from self._past(metrics, conversations, place, known, now)
        yield from conversations.counted(place, known, now)

    def joined(self, of: str, parts: Sequence[Part]) -> Iterable[Row]:
        kind, _, name = of.partition("/")
        known = {part.kind: part.record for part in parts}
        if kind == "order" and not self._settings.orders:
            made = partial(orders.profile_rows, self.account, name, parts)
            return rows_of("order_profiles", self.account, known, made)
        if kind == "order":
            made = partial(orders.order_rows, self.account, name, parts, self._settings.order_currency)
            return rows_of("orders", self.account, known, made)
        words = Words(self._skills, self._events.interactions, self._settings.channel)
        return rows_of(
            "conversations", self.account, known, lambda: conversation_rows(self.account, name, parts, words)
        )

    def skills(self) -> Mapping[str, str]:
        """Ids of the agent's skills by the normal form of everything that they are called; one call."""
        skills, _ = parts_of("skills", self.account, self._ask.skills(), self._skill)
        return mapping.skills_by_name(skills)

    def _skill(self, record: Any) -> Iterator[Skill]:
        yield Skill.read(record, self.unknown)

    def _articles(self) -> list[Row]:
        def row(record: Any) -> Row:
            return mapping.article_row(self.account, Article.read(record, self.unknown))

        return self._rows("articles", row, self._ask.all(Group.AGENT, "api/agent-knowledge"))

    def _knowledge(self) -> Batch:
        """The articles; an answer that cannot be read leaves them as they are, and the rest goes on."""
        try:
            return Batch(self._articles())
        except SourceRefused as refused:
            if refused.status in NO_RIGHT:
                raise
            return Batch((), warnings=[str(refused)])

    def _profiles(self, place: Place) -> Iterator[Batch]:
        def row(record: Any) -> Row:
            return mapping.profile_row(self.account, Profile.read(record, self.unknown))

        after = datetime.fromisoformat(place["profiles"]) - SECOND if "profiles" in place else self._begins
        params = {"filter": f"greater-than(updated,{stamp(after)})", "sort": "updated"}
        for profiles in self._profile_pages(params):
            rows = self._rows("profiles", row, profiles)
            updated = [at for row in rows if (at := instant(row.values.get("updated_at")))]
            yield Batch(rows, {"profiles": updated[-1].isoformat()} if updated else {})

    def _profile_pages(self, params: Mapping[str, str]) -> Iterator[Sequence[Any]]:
        """Profiles with their consent; without it, where that is refused: they count all the same."""
        has_begun = False
        try:
            for page in self._ask.pages(Group.PROFILES, "api/profiles", {**WITH_CONSENT, **params}, size=100):
                has_begun = True
                yield page
        except SourceRefused as refused:
            if refused.status != HTTPStatus.BAD_REQUEST or has_begun:
                raise
            yield from self._ask.pages(Group.PROFILES, "api/profiles", {**FIELDS, **params}, size=100)

    def _rows(self, table: str, row: Callable[[Any], Row], records: Iterable[Any]) -> list[Row]:
        """The rows of records, of each one by itself."""
        return [
            made
            for record in records
            for made in rows_of(table, self.account, record, lambda: [row(record)])  # noqa: B023
        ]

    def _past(
        self, metrics: Sequence[Metric], conversations: Conversations, place: Place, known: Known, now: datetime
    ) -> Iterator[Batch]:
        """A first load, newest first: a window of each metric's events, then the conversations of that time."""
        threads = conversations.past(place, now)
        under_way = [self._events.windows(metric, place, known, now) for metric in metrics]
        while under_way:
            reached = now
            for windows in list(under_way):
                window = next(windows, None)
                if window is None:
                    under_way.remove(windows)
                    continue
                since, batches = window
                reached = min(reached, since)
                yield from batches
            for batch, oldest in threads:
                yield batch
                if oldest and oldest < reached:
                    break
        for batch, _ in threads:
            yield batch
