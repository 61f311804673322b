"""Klaviyo's events, metric by metric: what is new, then the past in windows, newest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from flows.sources.api import Batch, JsonObject, Known, Misshapen, Part, Place, Row, parts_of, rows_of
from flows.sources.klaviyo import mapping, orders
from flows.sources.klaviyo.endpoints import Endpoints, Group, stamp
from flows.sources.klaviyo.orders import OF_ORDERS
from flows.sources.klaviyo.records import IN_SHOP, METRICS, attributes, happened, kept, normal, prop, text_of
from flows.sources.klaviyo.settings import InteractionSettings, KlaviyoSettings

WINDOW = timedelta(days=30)  # of the past at once; twice as long after each one that held nothing
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
        unasked = () if self._settings.orders else OF_ORDERS[1:]
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
        for events in self._ask.pages(Group.EVENTS, "api/events", params, size=200):
            if metric.kind in IN_SHOP:
                yield self._in_shop(metric.kind, events, known)
                continue
            clicked = self.interactions.get(metric.kind)
            table = "interactions" if clicked else TABLES.get(metric.kind, "conversations")
            parts, refused = parts_of(table, self._account, events, partial(_parts, metric.kind, clicked))
            named = [(part.of, name) for part in parts for name in mapping.products(part, self.interactions)]
            products = known.products({name for _, name in named})
            skus = [(of, name) for of, name in named if name in products]
            yield Batch(refused, parts=[*parts, *(Part(of, "product", sku, products[sku]) for of, sku in skus)])

    def _in_shop(self, kind: str, events: Sequence[JsonObject], known: Known) -> Batch:
        """What shoppers did with products in the shop; an event that names no product says nothing of one."""
        rows = list[Row]()
        for event in events:
            made = partial(mapping.product_event_rows, self._account, kind, event)
            rows += rows_of("product_events", self._account, event, made)
        names = [str(row.values.get("product_id")) for row in rows]
        sold = known.products(set(names))
        given = [(row, {**row.values, "product_id": sold.get(name)}) for row, name in zip(rows, names, strict=True)]
        return Batch([replace(row, values=values) if values["product_id"] else row for row, values in given])


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


def _parts(kind: str, clicked: mapping.Interaction | None, event: JsonObject) -> Iterator[Part]:
    """What an event says of its conversation or order, and nothing else of it; nothing where it names none."""
    attributes(event)
    if kind in OF_ORDERS:
        of = orders.order_of(event) or (event["id"] if kind == "placed_order" else None)
        thing, record = "order", orders.kept(event)
    else:
        named = prop(event, clicked.conversation if clicked else mapping.CONVERSATION_ID)
        of = text_of(named)
        if named is not None and of is None:
            raise Misshapen("the id of its conversation is not text")
        thing, record = "conversation", kept(event, clicked.properties if clicked else mapping.PROPERTIES)
    if of:
        yield Part(f"{thing}/{of}", kind, event["id"], record, happened(event))
