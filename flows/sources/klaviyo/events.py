"""Klaviyo's events, metric by metric: what is new, then the past in windows, newest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from flows.sources.api import Batch, Known, Misshapen, Part, Place, Row, Unknown, parts_of, rows_of
from flows.sources.api.rows import UNEXPECTED
from flows.sources.klaviyo import mapping, orders
from flows.sources.klaviyo.endpoints import Endpoints, Group, stamp
from flows.sources.klaviyo.orders import OF_ORDERS
from flows.sources.klaviyo.properties import IN_SHOP, METRICS, OURS, SENT_BY, normal, text_of
from flows.sources.klaviyo.records import Event
from flows.sources.klaviyo.settings import InteractionSettings, KlaviyoSettings

WINDOW = timedelta(days=30)  # of the past at once; twice as long after each one that held nothing
# Of which an event is a row; the others tell of conversations.
TABLES: Mapping[str, str] = {**OF_ORDERS, "escalated": "handoff_events"}


@dataclass(frozen=True)
class Metric:
    """A metric of the account, and which of ours it is."""

    kind: str
    id: str


class Events:
    """The events of one account that are asked for."""

    def __init__(self, account: str, settings: KlaviyoSettings, ask: Endpoints, begins: datetime) -> None:
        self._account, self._settings, self._ask, self._begins = account, settings, ask, begins
        named = {_kind(one): _interaction(one) for one in settings.interactions}
        self.interactions: Mapping[str, mapping.Interaction] = {**mapping.INTERACTIONS, **named}

    def names(self) -> dict[str, tuple[str, ...]]:
        """The names that each kind of event may have in the account: those that are set, else the usual ones."""
        usual = {**METRICS, **(IN_SHOP if self._settings.product_events else {})}
        found: dict[str, tuple[str, ...]] = {}
        for kind, names in usual.items():
            found[kind] = getattr(self._settings.metrics, kind) or names
        return found | {_kind(one): (one.metric,) for one in self._settings.interactions}

    def metrics(self) -> list[Metric]:
        """The metrics of the account that are ours, under any of their names. A shop does not know who bought."""
        unasked = set() if self._settings.orders else OF_ORDERS.keys() - {"placed_order"}
        wanted = {normal(name): kind for kind, names in self.names().items() if kind not in unasked for name in names}
        found = self._ask.metrics()
        return [Metric(kind, number) for number, name in found if (kind := wanted.get(normal(name)))]

    def new(self, metric: Metric, place: Place, known: Known, now: datetime) -> Iterator[Batch]:
        """Events since the place, and again those of the days in which they come late; the place is never past now."""
        name = f"events/{metric.id}"
        if name not in place:
            yield Batch((), {name: now.isoformat(), f"{name}/reached": now.isoformat()})
            return
        since = datetime.fromisoformat(place[name]) - timedelta(days=self._settings.reread_days)
        yield from self._read(metric, known, max(since, self._begins), None)
        yield Batch((), {name: now.isoformat()})

    def windows(
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
                for batch in self._read(metric, known, since, until):
                    counted[0] += batch.count
                    yield batch
                yield Batch((), {name: since.isoformat()}, is_milestone=since == self._begins)

            yield since, batches(since, until, counted)
            length = WINDOW if counted[0] else length * 2
            reached = until = since

    def _read(self, metric: Metric, known: Known, since: datetime, before: datetime | None) -> Iterator[Batch]:
        """What events say, and which products the SKUs in them are."""
        filters = [f'equals(metric_id,"{metric.id}")', f"greater-or-equal(datetime,{stamp(since)})"]
        filters += [f"less-than(datetime,{stamp(before)})"] if before else []
        params = {"filter": ",".join(filters), "sort": "datetime"}
        for page in self._ask.pages(Group.EVENTS, "api/events", params, size=200):
            events = [one for one in page if not _was_sent_from_here(one)]
            if metric.kind in IN_SHOP:
                yield self._in_shop(metric.kind, events, known)
                continue
            clicked = self.interactions.get(metric.kind)
            table = "interactions" if clicked else TABLES.get(metric.kind, "conversations")
            told, refused = parts_of(table, self._account, events, partial(self._told, metric.kind, clicked))
            named = [(part.of, name) for part, names in told for name in names]
            products = known.products({name for _, name in named})
            skus = [Part(of, "product", name, products[name]) for of, name in named if name in products]
            yield Batch(refused, parts=[*(part for part, _ in told), *skus])

    def _told(
        self, kind: str, clicked: mapping.Interaction | None, record: Any
    ) -> Iterator[tuple[Part, Sequence[str]]]:
        """What an event says of its conversation or order, and nothing else of it; nothing where it names none.

        With it the products that it names, by id or by SKU.
        """
        event = Event.read(record, self._ask.unknown)
        if kind in OF_ORDERS:
            of = orders.order_of(event) or (event.id if kind == "placed_order" else None)
            thing, kept = "order", orders.kept(event)
        else:
            named = event.said(clicked.conversation if clicked else mapping.CONVERSATION_ID)
            of = text_of(named)
            if named is not None and of is None:
                raise Misshapen("the id of its conversation is not text")
            thing, kept = "conversation", event.kept_with(clicked.properties if clicked else mapping.PROPERTIES)
        if of:
            part = Part(f"{thing}/{of}", kind, event.id, kept, event.happened)
            yield part, mapping.products(kind, event, self.interactions)

    def _in_shop(self, kind: str, events: Sequence[Any], known: Known) -> Batch:
        """What shoppers did with products in the shop; an event that names no product says nothing of one."""
        rows = list[Row]()
        for record in events:
            rows += rows_of("product_events", self._account, record, lambda: self._done(kind, record))  # noqa: B023
        names = [str(row.values.get("product_id")) for row in rows]
        sold = known.products(set(names))
        given = [(row, {**row.values, "product_id": sold.get(name)}) for row, name in zip(rows, names, strict=True)]
        return Batch([replace(row, values=values) if values["product_id"] else row for row, values in given])

    def _done(self, kind: str, record: Any) -> Iterator[Row]:
        yield from mapping.product_event_rows(self._account, kind, Event.read(record, self._ask.unknown))


def _was_sent_from_here(record: Any) -> bool:
    """Whether an event is one that was delivered from here: taken for one of Klaviyo's, it would count twice."""
    with suppress(*UNEXPECTED):
        return bool(Event.read(record, Unknown()).said((SENT_BY,)) == OURS)
    return False


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
