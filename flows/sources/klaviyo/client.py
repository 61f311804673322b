"""What is asked of Klaviyo, and in which order: what changed first, then the past, newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import partial

from dlt.sources.helpers.rest_client.auth import APIKeyAuth

from flows.sources import api
from flows.sources.api import Batch, JsonObject, Known, Pace, Part, Place, Row, parts_of, rows_of
from flows.sources.klaviyo import mapping, orders
from flows.sources.klaviyo.endpoints import Endpoints, Group
from flows.sources.klaviyo.orders import OF_ORDERS
from flows.sources.klaviyo.records import METRICS, attributes, happened, normal, prop
from flows.sources.klaviyo.settings import InteractionSettings, KlaviyoSettings

NAME = "klaviyo"
SECOND = timedelta(seconds=1)
FOUNDED = datetime(2012, 1, 1, tzinfo=UTC)
WINDOW = timedelta(days=30)  # of the past at once; twice as long after each one that held nothing
CAN_CHANGE = "open"
TABLES = {  # of which an event is a row; the others tell of conversations
    "placed_order": "orders",
    "ordered_product": "order_lines",
    "refunded_order": "orders",
    "cancelled_order": "orders",
    "escalated": "handoff_events",
}


@dataclass(frozen=True)
class Metric:
    """A metric of the account, and which of ours it is."""

    kind: str
    id: str


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
        self.endpoints = self._ask = Endpoints(settings, auth, lambda group: Pace(NAME, group.limits, waiting))
        self._skills: Mapping[str, str] = {}
        named = {_kind(one): _interaction(one) for one in settings.interactions}
        self._interactions: Mapping[str, mapping.Interaction] = {**mapping.INTERACTIONS, **named}
        self._begins = datetime.combine(settings.start, time(), UTC) if settings.start else FOUNDED

    def check(self) -> str:
        """One call to each family of endpoints: the key may read them all. Names metrics that may be interactions."""
        there = {normal(name): name for name in map(_name, self._ask.all(Group.METRICS, "api/metrics", size=None))}
        known = {kind: getattr(self._settings.metrics, kind) or names for kind, names in METRICS.items()}
        missing = [kind for kind in mapping.OF_CONVERSATIONS if there.keys().isdisjoint(map(normal, known[kind]))]
        missing += [one.metric for one in self._settings.interactions if normal(one.metric) not in there]
        taken = {normal(one.metric) for one in self._settings.interactions}
        taken |= {normal(name) for names in known.values() for name in names}
        like = [name for at, name in sorted(there.items()) if at not in taken and mapping.LOOKS_LIKE.search(name)]
        for group, path in (
            (Group.PROFILES, "api/profiles"),
            (Group.CONVERSATIONS, "api/customer-agent-conversations"),
        ):
            self._ask.first(group, path)
        without = f"; the account has no metric yet for: {', '.join(missing)}" if missing else ""
        maybe = f"; these metrics may be interactions, which settings can name: {', '.join(like)}" if like else ""
        return f"{self._settings.base_url} answers, everything can be read{without}{maybe}"

    def read(self, place: Place, known: Known) -> Iterator[Batch]:
        """Lists, then what is new, then the past window by window; conversations last, their limit is the lowest."""
        now = datetime.now(UTC).replace(microsecond=0)
        skills = self._ask.all(Group.AGENT, "api/agent-skills", size=None)
        rows = self._rows("skills", mapping.skill_row, skills)
        self._skills = mapping.skills_by_name([row.record for row in rows if not row.refused])
        knowledge = self._ask.all(Group.AGENT, "api/agent-knowledge")
        yield Batch([*rows, *self._rows("articles", mapping.article_row, knowledge)])
        yield from self._profiles(place)
        for of, sku, product in known.named_by_sku(NAME):
            yield Batch((), parts=[Part(f"conversation/{of}", "product", sku, product)])
        of_orders = OF_ORDERS if self._settings.orders else OF_ORDERS[:1]  # a shop does not know who placed its orders
        metrics = self._metrics((*mapping.OF_CONVERSATIONS, *self._interactions, *of_orders))
        for metric in metrics:
            yield from self._new_events(metric, place, known, now)
        yield from self._new_conversations(place, known, now)
        yield from self._past(metrics, place, known, now)

    def joined(self, of: str, parts: Sequence[Part]) -> Iterable[Row]:
        kind, _, name = of.partition("/")
        known = {part.kind: part.record for part in parts}
        if kind == "order" and not self._settings.orders:
            made = partial(orders.profile_rows, self.account, name, parts)
            return rows_of("order_profiles", self.account, known, made)
        if kind == "order":
            made = partial(orders.order_rows, self.account, name, parts, self._settings.currency)
            return rows_of("orders", self.account, known, made)
        words = mapping.Words(self._skills, self._interactions, self._settings.channel)
        return rows_of(
            "conversations", self.account, known, lambda: mapping.conversation_rows(self.account, name, parts, words)
        )

    def skills(self) -> Mapping[str, str]:
        """Ids of the agent's skills by the normal form of everything that they are called; one call."""
        return mapping.skills_by_name(self._ask.all(Group.AGENT, "api/agent-skills", size=None))

    def _profiles(self, place: Place) -> Iterator[Batch]:
        after = datetime.fromisoformat(place["profiles"]) - SECOND if "profiles" in place else self._begins
        params = {"filter": f"greater-than(updated,{stamp(after)})", "sort": "updated"}
        for profiles in self._ask.pages(Group.PROFILES, "api/profiles", params, size=100):
            rows = self._rows("profiles", mapping.profile_row, profiles)
            updated = [str(at) for row in rows if (at := row.values.get("updated_at"))]
            yield Batch(rows, {"profiles": updated[-1]} if updated else {})

    def _rows(self, table: str, row: Callable[[str, JsonObject], Row], records: Iterable[JsonObject]) -> list[Row]:
        """The rows of records, of each one by itself."""
        return [
            made
            for record in records
            for made in rows_of(table, self.account, record, lambda: [row(self.account, record)])  # noqa: B023
        ]

    def _metrics(self, kinds: Sequence[str]) -> list[Metric]:
        """The metrics of the account that are ours, under any of their names."""
        wanted: dict[str, str] = {}
        for kind in kinds:
            if kind in METRICS:
                for name in getattr(self._settings.metrics, kind) or METRICS[kind]:
                    wanted[normal(name)] = kind
        wanted |= {normal(one.metric): kind for one in self._settings.interactions if (kind := _kind(one)) in kinds}
        found = self._ask.all(Group.METRICS, "api/metrics", size=None)
        named = [(wanted.get(normal(_name(metric))), metric["id"]) for metric in found]
        return [Metric(kind, name) for kind, name in named if kind]

    def _new_events(self, metric: Metric, place: Place, known: Known, now: datetime) -> Iterator[Batch]:
        """Events since the place, and again those of the days in which they come late; the place is never past now."""
        name = f"events/{metric.id}"
        if name not in place:
            yield Batch((), {name: now.isoformat(), f"{name}/reached": now.isoformat()})
            return
        since = datetime.fromisoformat(place[name]) - timedelta(days=self._settings.reread_days)
        yield from self._events(metric, known, max(since, self._begins), None)
        yield Batch((), {name: now.isoformat()})

    def _past(self, metrics: Sequence[Metric], place: Place, known: Known, now: datetime) -> Iterator[Batch]:
        """A first load, newest first: a window of each metric's events, then the conversations of that time."""
        threads = self._past_conversations(place, now)
        under_way = [self._windows(metric, place, known, now) for metric in metrics]
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

    def _windows(
        self, metric: Metric, place: Place, known: Known, now: datetime
    ) -> Iterator[tuple[datetime, Iterator[Batch]]]:
        """Windows of a metric's past, newest first: where each begins, and its events.

        The first one also has what is dated in the future.
        """
        name = f"events/{metric.id}/reached"
        until = datetime.fromisoformat(place[name]) if name in place else None
        reached, length = until or now, WINDOW
        while reached > self._begins:
            since, counted = max(reached - length, self._begins), [0]

            def batches(since: datetime, until: datetime | None, counted: list[int]) -> Iterator[Batch]:
                for batch in self._events(metric, known, since, until):
                    counted[0] += len(batch.parts)
                    yield batch
                yield Batch((), {name: since.isoformat()}, is_milestone=since == self._begins)

            yield since, batches(since, until, counted)
            length = WINDOW if counted[0] else length * 2
            reached = until = since

    def _events(self, metric: Metric, known: Known, since: datetime, before: datetime | None) -> Iterator[Batch]:
        """What events say, and which products the SKUs in them are."""
        filters = [f'equals(metric_id,"{metric.id}")', f"greater-or-equal(datetime,{stamp(since)})"]
        filters += [f"less-than(datetime,{stamp(before)})"] if before else []
        params = {"filter": ",".join(filters), "sort": "datetime"}
        for events in self._ask.pages(Group.EVENTS, "api/events", params, size=200):
            clicked = self._interactions.get(metric.kind)
            table = "interactions" if clicked else TABLES.get(metric.kind, "conversations")
            names = clicked.conversation if clicked else mapping.CONVERSATION_ID
            parts, refused = parts_of(table, self.account, events, partial(_parts, metric.kind, names))
            named = [(part.of, name) for part in parts for name in mapping.products(part, self._interactions)]
            products = known.products({name for _, name in named})
            skus = [(of, name) for of, name in named if name in products]
            yield Batch(refused, parts=[*parts, *(Part(of, "product", sku, products[sku]) for of, sku in skus)])

    def _new_conversations(self, place: Place, known: Known, now: datetime) -> Iterator[Batch]:
        """Conversations since the place, and again those that can still change; threads only where they may be new."""
        if "conversations" not in place:
            return
        since = datetime.fromisoformat(place["conversations"]) - timedelta(days=self._settings.reread_days)
        filters = f"greater-or-equal(created_at,{stamp(max(since, self._begins))})"
        for conversations, _ in self._ask.conversations(filters, None):
            found, refused = parts_of("conversations", self.account, conversations, _conversation)
            yield Batch(refused)
            before = known.of([one.of for one in found], "conversation")
            for one in found:
                earlier, said = before.get(one.of), attributes(one.record)
                if (
                    earlier is None
                    or said.get("status") == CAN_CHANGE
                    or attributes(earlier).get("updated_at") != said.get("updated_at")
                ):
                    yield self._thread(one)
        yield Batch((), {"conversations": now.isoformat()})

    def _past_conversations(self, place: Place, now: datetime) -> Iterator[tuple[Batch, datetime | None]]:
        """All conversations, newest first, and at the end of a page its oldest. The place is the page to go on with."""
        if place.get("conversations/past") == "done":
            return
        since = f"greater-or-equal(created_at,{stamp(self._begins)})"
        total = self._ask.volume(self._begins, now)
        seen = int(place.get("conversations/seen", 0))
        start = {} if "conversations" in place else {"conversations": now.isoformat()}
        for conversations, following in self._ask.conversations(since, place.get("conversations/past")):
            found, refused = parts_of("conversations", self.account, conversations, _conversation)
            yield Batch(refused), None
            for one in found:
                seen += 1
                share = min(seen / total, 0.9999) if total else None
                yield replace(self._thread(one), share=share), None
            there = {"conversations/past": following or "done", "conversations/seen": str(seen)}
            created = [at for one in found if (at := attributes(one.record).get("created_at"))]
            oldest = min(map(datetime.fromisoformat, created), default=None)
            yield (
                Batch((), {**start, **there}, share=None if following else 1.0, is_milestone=following is None),
                oldest,
            )

    def _thread(self, conversation: Part) -> Batch:
        """A conversation and its messages, as parts of it."""
        path = f"api/customer-agent-conversations/{conversation.id}/customer-agent-messages"

        def message(record: JsonObject) -> Iterator[Part]:
            updated = attributes(record).get("updated_at")
            yield Part(conversation.of, "message", str(record["id"]), record, updated)

        messages = self._ask.all(Group.CONVERSATIONS, path)
        parts, refused = parts_of("messages", self.account, messages, message)
        return Batch(refused, parts=[conversation, *parts])


def _name(metric: JsonObject) -> str:
    return str(attributes(metric).get("name") or "")


def _kind(one: InteractionSettings) -> str:
    """What events of a metric that the settings name are called among the parts."""
    return f"interaction/{normal(one.metric)}"


def _interaction(one: InteractionSettings) -> mapping.Interaction:
    usual = mapping.Interaction(one.type)

    def names(name: str | None, otherwise: Sequence[str]) -> Sequence[str]:
        return (name,) if name else otherwise

    return mapping.Interaction(
        one.type,
        conversation=names(one.conversation, usual.conversation),
        product=names(one.product, usual.product),
        quantity=names(one.quantity, usual.quantity),
        url=names(one.url, usual.url),
    )


def _conversation(record: JsonObject) -> Iterator[Part]:
    given = attributes(record)
    yield Part(f"conversation/{record['id']}", "conversation", record["id"], record, given.get("updated_at"))


def _parts(kind: str, names: Sequence[str], event: JsonObject) -> Iterator[Part]:
    """What an event says of its conversation or order; nothing where it names none."""
    attributes(event)
    if kind in OF_ORDERS:
        of = orders.order_of(event) or (event["id"] if kind == "placed_order" else None)
    else:
        of = prop(event, names)
    if of:
        thing = "order" if kind in OF_ORDERS else "conversation"
        yield Part(f"{thing}/{of}", kind, event["id"], event, happened(event))


def stamp(at: datetime) -> str:
    """An instant as filters take it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
