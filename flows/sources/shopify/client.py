"""What is asked of a Shopify shop: a bulk operation at first, then what changed, page by page."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flows.ground.errors import SourceRefused
from flows.sources import api
from flows.sources.api import Batch, Http, JsonObject, Known, Pace, Place, Row, rows_of
from flows.sources.shopify import bulk, mapping, queries
from flows.sources.shopify.auth import Token
from flows.sources.shopify.graphql import NAME, GraphQL, Points, TooExpensive
from flows.sources.shopify.settings import ShopifySettings

OVERLAP = timedelta(minutes=10)  # an order says that it changed before its refunds show
PAGES = {queries.CHANGED["products"]: 100}  # records of a first page, where that is not PAGE
PAGE, MOST = 10, 250  # records of a first page, and of any
LINES = 10  # of an order or a refund that come with it; those after them are asked for by themselves
TARGET = 800  # points of a page; one query may cost 1,000
CEILING = 20_000  # records after which pages begin anew; there is no going on with a cursor after 25,000
FAMILIES = 500  # records of one batch of a bulk operation
TRIES = 3  # bulk operations started in one run, where one ends without a file
POLLS = (1.0, 15.0)  # seconds between questions whether it has ended, at first and at most
LINES_OF_REFUND = "refundLineItems"
DONE = "done"
SHARES = {"products": (0.0, 0.1), "orders": (0.1, 1.0)}  # of a first load


class Client(api.Client):
    """One shop; a client of `flows.sources.api`.

    Its place: `orders` and `products` are when the last record that was read changed; `orders_bulk` and
    `products_bulk` are the bulk operation that is being read, or `done`.
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
        self._sizes = dict(PAGES)

    def check(self) -> str:
        """The scopes, and one order and one product."""
        found = self._shop.ask(queries.CHECK)
        installation = found.get("currentAppInstallation") or {}
        scopes = {str(scope.get("handle")) for scope in installation.get("accessScopes") or ()}
        missing = [name for name in ("orders", "products") if not {f"read_{name}", f"write_{name}"} & scopes and scopes]
        if missing:
            what = f"{NAME} gives this app no scope {' and no scope '.join(f'read_{name}' for name in missing)}"
            raise SourceRefused(what, where=self._settings.url, remedy="give the app the scope, and install it again")
        self._shop.ask(queries.CHECK_ROWS)
        currency = (found.get("shop") or {}).get("currencyCode")
        sentence = f"{self._settings.url} answers, orders (in {currency}) and products can be read"
        if "read_all_orders" in scopes:
            return sentence
        return f"{sentence}, but no orders older than 60 days: the app lacks the scope read_all_orders"

    def read(self, place: Place, known: Known) -> Iterator[Batch]:  # noqa: ARG002  nothing of a shop comes in parts
        """Products first: they name what the lines are of."""
        for kind in SHARES:
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
                operation = bulk.begin(self._shop, queries.bulk(kind, self._start()))
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
            share, last, _ = found[-1]
            changed = min(datetime.fromisoformat(_changed_at(last)), safe)
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
            more = {"lines": LINES} if kind == "orders" else {}
            found = self._sized(queries.CHANGED[kind], after=cursor, query=query, **more).get(kind) or {}
            records = _nodes(found, kind)
            if records:
                changed = datetime.fromisoformat(_changed_at(records[-1]))
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

    def _rows(self, kind: str, families: Sequence[tuple[JsonObject, list[JsonObject]]]) -> list[Row]:
        if kind == "products":
            return [row for product, _ in families for row in self._product(product)]
        refunds = self._refunds(
            [refund for order, _ in families for refund in order.get("refunds") or () if refund.get("id")]
        )
        rows: list[Row] = []
        for order, lines in families:
            rows += self._order(order, lines, refunds)
        return rows

    def _product(self, product: JsonObject) -> list[Row]:
        return rows_of("products", self.account, product, lambda: mapping.product_rows(self.account, product))

    def _order(self, order: JsonObject, lines: list[JsonObject], refunds: Mapping[str, JsonObject]) -> list[Row]:
        def made() -> Iterator[Row]:
            order["refunds"] = [refunds[refund["id"]] for refund in order.get("refunds") or ()]
            return mapping.order_rows(self.account, order, lines, self._settings.pending_counts)

        return rows_of("orders", self.account, order, made)

    def _lines(self, order: JsonObject) -> list[JsonObject]:
        """All lines of an order that came with the first of them."""
        connection = order.pop("lineItems", None) or {}
        return self._all(connection, queries.LINES_OF, "lineItems", order["id"])

    def _refunds(self, refunds: Sequence[JsonObject]) -> dict[str, JsonObject]:
        """Refunds by id, with all of their lines as a list; those that came without lines are asked for."""
        found = {
            one["id"]: {**one, LINES_OF_REFUND: _nodes(one.get(LINES_OF_REFUND, []), LINES_OF_REFUND)}
            for one in refunds
        }
        ids = [one["id"] for one in refunds if LINES_OF_REFUND not in one]
        while ids:
            size = min(self._sizes.get(queries.REFUNDS, PAGE), len(ids))
            try:
                answer = self._shop.ask(queries.REFUNDS, ids=ids[:size], lines=LINES, after=None)
            except TooExpensive:
                self._shrink(queries.REFUNDS)
                continue
            self._grow(queries.REFUNDS, size)
            ids = ids[size:]
            for refund in filter(None, answer.get("nodes") or ()):
                lines = self._all(refund.get(LINES_OF_REFUND) or {}, queries.REFUNDS, LINES_OF_REFUND, refund["id"])
                found[refund["id"]] = {**refund, LINES_OF_REFUND: lines}
        return found

    def _all(self, connection: JsonObject, query: str, field: str, of: str) -> list[JsonObject]:
        """The nodes of a connection, and those of its further pages."""
        nodes: list[JsonObject] = []
        while True:
            nodes += _nodes(connection, field)
            if not (connection.get("pageInfo") or {}).get("hasNextPage"):
                return nodes
            after = connection["pageInfo"]["endCursor"]
            asked: dict[str, Any] = {"ids": [of]} if query == queries.REFUNDS else {"id": of}
            answer = self._shop.ask(query, lines=LINES * 5, after=after, **asked)
            owner = answer.get("node") or next(iter(answer.get("nodes") or ()), None) or {}
            connection = owner.get(field) or {}

    def _sized(self, query: str, /, **variables: Any) -> JsonObject:
        """The answer to a query whose pages are as large as the cost of the one before allows."""
        while True:
            size = self._sizes.get(query, PAGE)
            try:
                answer = self._shop.ask(query, first=size, **variables)
            except TooExpensive:
                self._shrink(query)
                continue
            self._grow(query, size)
            return answer

    def _shrink(self, query: str) -> None:
        size = self._sizes.get(query, PAGE)
        if size == 1:
            raise SourceRefused(f"{NAME} finds a single record too expensive", remedy="report it")
        self._sizes[query] = size // 2

    def _grow(self, query: str, size: int) -> None:
        cost = self._shop.points.cost(query)
        if cost > 0:
            self._sizes[query] = max(1, min(MOST, int(size * TARGET / cost)))


def _nodes(connection: Any, field: str) -> list[JsonObject]:
    """The records of a connection, which may have them in edges. Raises SourceRefused where there are none."""
    if isinstance(connection, dict):
        edges = connection.get("edges")
        found = [edge.get("node") for edge in edges] if isinstance(edges, list) else connection.get("nodes")
    else:
        found = connection
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        raise SourceRefused(f"{NAME} answers no {field}", remedy="the API has changed; report it")
    return found


def _changed_at(record: JsonObject) -> str:
    changed = record.get("updatedAt")
    if not isinstance(changed, str):
        raise SourceRefused(f"{NAME} delivers a record without updatedAt", remedy="the API has changed; report it")
    return changed


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
