"""What is asked of a Shopify shop: a bulk operation at first, then what changed, page by page."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flows.ground.errors import SourceRefused
from flows.sources import api
from flows.sources.api import Batch, Http, JsonObject, Known, Misshapen, Pace, Place, Row, rows_of
from flows.sources.api.rows import UNEXPECTED
from flows.sources.shopify import bulk, mapping, queries, visits
from flows.sources.shopify.auth import Token
from flows.sources.shopify.graphql import NAME, GraphQL, Points
from flows.sources.shopify.paging import INNER, MOST, NoConnection, Pages, nodes
from flows.sources.shopify.queries import Queries
from flows.sources.shopify.settings import ShopifySettings
from flows.sources.shopify.visits import Marks

OVERLAP = timedelta(minutes=10)  # an order says that it changed before its refunds show
FIRST = {"products": 100, "orders": 10}  # records of a first page
CEILING = 20_000  # records after which pages begin anew; there is no going on with a cursor after 25,000
FAMILIES = 500  # records of one batch of a bulk operation
TRIES = 3  # bulk operations started in one run, where one ends without a file
POLLS = (1.0, 15.0)  # seconds between questions whether it has ended, at first and at most
LINES_OF_REFUND = "refundLineItems"
DONE, UNREADY = "done", "unready"
SHARES = {"products": (0.0, 0.1), "orders": (0.1, 1.0)}  # of a first load


class Client(api.Client):
    """One shop; a client of `flows.sources.api`.

    Its place: `orders` and `products` are when the last record that was read changed; `orders_bulk` and
    `products_bulk` are the bulk operation that is being read, or `done`; `unready` are orders to ask again for visits.
    """

    rereads = timedelta(days=2)

    def __init__(
        self,
        account: str,
        settings: ShopifySettings,
        environment: Mapping[str, str],
        waiting: Callable[[float], None],
    ) -> None:
        self.account, self._settings, self._waiting = account, settings, waiting
        pace = Pace(NAME, (), waiting)  # calls are not counted here, points are
        auth = Token(settings, environment, pace)
        http = Http(NAME, settings.url, auth=auth, pace=pace, explain=_explain)
        self._shop = GraphQL(http, f"admin/api/{settings.api_version}/graphql.json", Points(waiting))
        self._pages = Pages(self._shop)
        self._known: Known | None = None
        self._handles: dict[str, str | None] = {}
        self._unready: dict[str, None] = {}  # ids, in the order in which they were read
        self._marks = Marks(settings.conversation_parameter, settings.agent_parameters, settings.cart_attribute)
        self._queries = Queries(
            has_visits=settings.conversation_parameter is not None, has_attributes=settings.cart_attribute is not None
        )

    def check(self) -> str:
        """The scopes, and one order and one product."""
        found = self._shop.ask(queries.CHECK)
        installation = found.get("currentAppInstallation") or {}
        scopes = {str(scope.get("handle")) for scope in installation.get("accessScopes") or ()}
        missing = [name for name in ("orders", "products") if not {f"read_{name}", f"write_{name}"} & scopes and scopes]
        if missing:
            what = f"{NAME} gives this app no scope {' and no scope '.join(f'read_{name}' for name in missing)}"
            raise SourceRefused(what, where=self._settings.url, remedy="give the app the scope, and install it again")
        self._shop.ask(self._queries.check_rows)
        currency = (found.get("shop") or {}).get("currencyCode")
        sentence = f"{self._settings.url} answers, orders (in {currency}) and products can be read"
        if "read_all_orders" in scopes:
            return sentence
        return f"{sentence}, but no orders older than 60 days: the app lacks the scope read_all_orders"

    def read(self, place: Place, known: Known) -> Iterator[Batch]:
        """Products first: they name what the lines are of. Then orders whose visits were not known, then all others."""
        self._known, self._handles = known, {}
        before = place.get(UNREADY, "") if self._marks.conversation else ""
        self._unready = dict.fromkeys(before.split())
        again = (Batch(self._clicks(ids)) for ids in [list(self._unready)])
        for batch in chain(self._all_of("products", place), again, self._all_of("orders", place)):
            yield replace(batch, place={**batch.place, **self._still_unready()}) if batch.place else batch
        if self._still_unready()[UNREADY] != before:
            yield Batch((), self._still_unready(), is_milestone=True)

    def _still_unready(self) -> Place:
        """The newest orders whose visits Shopify has not found yet."""
        return {UNREADY: " ".join(list(self._unready)[-MOST:])}

    def _all_of(self, kind: str, place: Place) -> Iterator[Batch]:
        reached = yield from self._loaded(kind, place)
        yield from self._changed(kind, reached)

    def _start(self) -> datetime | None:
        start = self._settings.start
        return datetime(start.year, start.month, start.day, tzinfo=UTC) if start else None

    def _loaded(self, kind: str, place: Place) -> Generator[Batch, None, datetime | None]:
        """The first load in bulk, unless it is done or not wanted; returns how far things were read."""
        operation = place.get(f"{kind}_bulk")
        if not self._settings.bulk or operation == DONE or (operation is None and kind in place):
            return datetime.fromisoformat(place[kind]) if kind in place else None
        for tries in range(1, TRIES + 1):
            try:
                with TemporaryDirectory(prefix="shopify-") as folder:
                    return (yield from self._bulk(kind, operation, place.get(kind, ""), Path(folder)))
            except bulk.Unusable:
                if tries == TRIES:
                    raise
                operation = None
        raise AssertionError

    def _bulk(self, kind: str, name: str | None, since: str, folder: Path) -> Generator[Batch, None, datetime]:
        """The rows of one bulk operation, which is started where there is none yet."""
        begin, end = SHARES[kind]
        operation = bulk.state(self._shop, name) if name else None
        known, pause = operation is not None, POLLS[0]
        while operation is None or operation.is_working:
            if operation is None:
                operation = bulk.begin(self._shop, self._queries.bulk(kind, self._start()))
            yield Batch(
                (),
                {f"{kind}_bulk": operation.id if operation else ""},
                share=begin,
                is_milestone=not known and operation is not None,
            )
            known = operation is not None
            self._waiting(pause)
            time.sleep(pause)
            pause = min(pause * 1.5, POLLS[1])
            operation = bulk.state(self._shop, operation.id) if operation else None
        safe = operation.created_at - OVERLAP
        families = bulk.families(bulk.fetch(operation, folder), since)
        while found := list(islice(families, FAMILIES)):
            share = found[-1][0]
            changed = min(_changed_at([root for _, root, _ in found]), safe)
            rows = self._rows(kind, [(root, children) for _, root, children in found])
            moved = {kind: _text(changed), f"{kind}_bulk": operation.id} if _text(changed) > since else {}
            yield Batch(rows, moved, share=begin + (end - begin) * share * 0.999)
        yield Batch((), {kind: _text(safe), f"{kind}_bulk": DONE}, share=end, is_milestone=True)
        return safe

    def _changed(self, kind: str, reached: datetime | None) -> Iterator[Batch]:
        """What changed since then, oldest first. A cursor stands for a time and an id, so pages do not drift."""
        since = reached - OVERLAP if reached else self._start()
        cursor, count = None, 0
        while True:
            query = queries.changed_since(since) if since else None
            more = {"lines": INNER} if kind == "orders" else {}
            asked = self._queries.changed[kind]
            found = self._pages.ask(asked, first=FIRST[kind], after=cursor, query=query, **more).get(kind) or {}
            records = nodes(found, kind)
            if records:
                changed = _changed_at(records)
                lines = self._lines if kind == "orders" else lambda _: []
                rows = self._rows(kind, [(record, lines(record)) for record in records])
                # Who stops where the place has not moved would read the same again next time.
                moved = reached is None or changed > reached
                yield Batch(rows, {kind: changed.isoformat()} if moved else {})
                reached = changed if moved else reached
            if not (found.get("pageInfo") or {}).get("hasNextPage") or not records:
                return
            cursor, count = found["pageInfo"]["endCursor"], count + len(records)
            if count >= CEILING and (since is None or changed > since):
                since, cursor, count = changed, None, 0

    def _rows(self, kind: str, families: Sequence[tuple[JsonObject, list[JsonObject] | None]]) -> list[Row]:
        if kind == "products":
            return [row for product, _ in families for row in self._product(product)]
        listed = (refund for order, _ in families for refund in _listed(order.get("refunds")))
        refunds = self._refunds([refund for refund in listed if isinstance(refund, dict) and refund.get("id")])
        rows = self._clicks([order["id"] for order, _ in families if _may_have_visits(order)])
        for order, lines in families:
            rows += self._order(order, lines, refunds)
        return rows

    def _product(self, product: JsonObject) -> list[Row]:
        return rows_of("products", self.account, product, lambda: mapping.product_rows(self.account, product))

    def _order(
        self, order: JsonObject, lines: list[JsonObject] | None, refunds: Mapping[str, JsonObject | None]
    ) -> list[Row]:
        def made() -> Iterator[Row]:
            given = [refunds[refund["id"]] for refund in _listed(order.get("refunds"))]
            if lines is None or None in given:
                raise Misshapen("its lines, or those of a refund, cannot be read")
            order["refunds"] = given
            return mapping.order_rows(self.account, order, lines, self._settings.pending_counts, self._marks)

        return rows_of("orders", self.account, order, made)

    def _lines(self, order: JsonObject) -> list[JsonObject] | None:
        """All lines of an order that came with the first of them; None where they cannot be read."""
        first, lines = order.pop("lineItems", None), itemgetter("lineItems")
        try:
            return self._pages.rest(first, self._queries.lines_of, lines, "lineItems", id=order.get("id"))
        except (NoConnection, *UNEXPECTED):
            return None

    def _refunds(self, refunds: Sequence[JsonObject]) -> dict[str, JsonObject | None]:
        """Refunds by id, with all of their lines as a list; None where these cannot be read."""
        ids = [one["id"] for one in refunds]
        found: dict[str, JsonObject | None] = {one["id"]: {**one, LINES_OF_REFUND: []} for one in refunds}
        for refund, lines in self._pages.of_all(queries.REFUNDS, ids, itemgetter(LINES_OF_REFUND), LINES_OF_REFUND):
            found[refund["id"]] = None if lines is None else {**refund, LINES_OF_REFUND: lines}
        return found

    def _clicks(self, ids: Sequence[str]) -> list[Row]:
        """The clicks among the visits that led to these orders; they are found some time after the order."""
        rows: list[Row] = []
        for order, visited in self._pages.of_all(queries.VISITS, ids, _moments, "moments"):
            rows += visits.visit_rows(self.account, visited or (), self._marks, self._product_of)
            self._unready.pop(order["id"], None)
            if (order.get("customerJourneySummary") or {}).get("ready") is False:
                self._unready[order["id"]] = None
        return rows

    def _product_of(self, handle: str) -> str | None:
        """The product that has this handle, or had it: one that is renamed or deleted stays that of past clicks."""
        if handle not in self._handles:
            found = self._shop.ask(queries.PRODUCT_OF, of={"handle": handle}).get("productByIdentifier")
            if found:
                self._handles[handle] = mapping.number(found)
            else:
                self._handles[handle] = self._known.product_with("handle", handle) if self._known else None
        return self._handles[handle]


def _may_have_visits(order: JsonObject) -> bool:
    journey = order.get("customerJourneySummary")
    if order.get("test") or not order.get("id") or not isinstance(journey, dict):
        return False
    count = journey.get("momentsCount")
    return not isinstance(count, dict) or count.get("count") != 0


def _moments(order: JsonObject) -> Any:
    return (order.get("customerJourneySummary") or {}).get("moments")


def _changed_at(records: Sequence[JsonObject]) -> datetime:
    """When the last one changed that says so."""
    for record in reversed(records):
        with suppress(*UNEXPECTED):
            return datetime.fromisoformat(record["updatedAt"])
    raise SourceRefused(f"{NAME} delivers records without updatedAt", remedy="the API has changed; report it")


def _listed(value: Any) -> list[Any]:
    """A list, which may come as its only element."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _explain(status: int, _answer: Any) -> str | None:
    return {
        301: "the shop has another name now; see to shop",
        302: "the shop has another name now; see to shop",
        401: "see to the access token, or to client ID and secret",
        402: "the shop is frozen until its bill is paid",
        403: "see to the scopes of the app",
        404: "see to shop, and to api_version",
        423: "the shop is locked",
    }.get(status)
