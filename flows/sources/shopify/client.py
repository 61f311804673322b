"""What is asked of a Shopify shop: a bulk operation at first, then what changed, page by page."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import ValidationError

from flows.ground.errors import SourceRefused
from flows.sources import api
from flows.sources.api import Batch, Http, Known, Pace, Place, Row, Unknown, rows_of
from flows.sources.shopify import bulk, mapping, queries
from flows.sources.shopify.answers import CHANGED, Check, CheckRows, ProductOf, Stamped
from flows.sources.shopify.auth import Token
from flows.sources.shopify.graphql import NAME, GraphQL, Points
from flows.sources.shopify.orders import UNREADY, Orders
from flows.sources.shopify.paging import INNER, Pages
from flows.sources.shopify.records import Product
from flows.sources.shopify.settings import ShopifySettings

OVERLAP = timedelta(minutes=10)  # an order says that it changed before its refunds show
FIRST = {"products": 100, "orders": 10}  # records of a first page
CEILING = 20_000  # records after which pages begin anew; there is no going on with a cursor after 25,000
FAMILIES = 500  # records of one batch of a bulk operation
TRIES = 3  # bulk operations started in one run, where one ends without a file
POLLS = (1.0, 15.0)  # seconds between questions whether it has ended, at first and at most
DONE = "done"
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
        auth = Token(settings, environment, pace, self.unknown)
        http = Http(NAME, settings.url, auth=auth, pace=pace, explain=_explain)
        self._shop = GraphQL(http, f"admin/api/{settings.api_version}/graphql.json", Points(waiting), self.unknown)
        self._pages = Pages(self._shop)
        self._orders = Orders(account, settings, self._pages, self._product_of, self.unknown)
        self._known: Known | None = None
        self._handles: dict[str, str | None] = {}

    def check(self) -> str:
        """The scopes, and one order and one product."""
        found = self._shop.ask(queries.CHECK, Check)
        installation = found.currentAppInstallation
        scopes = {scope.handle for scope in installation.accessScopes} if installation else set()
        missing = [name for name in ("orders", "products") if not {f"read_{name}", f"write_{name}"} & scopes and scopes]
        if missing:
            what = f"{NAME} gives this app no scope {' and no scope '.join(f'read_{name}' for name in missing)}"
            raise SourceRefused(what, where=self._settings.url, remedy="give the app the scope, and install it again")
        self._shop.ask(self._orders.queries.check_rows, CheckRows)
        currency = found.shop.currencyCode if found.shop else None
        sentence = f"{self._settings.url} answers, orders (in {currency}) and products can be read"
        if "read_all_orders" in scopes:
            return sentence
        return f"{sentence}, but no orders older than 60 days: the app lacks the scope read_all_orders"

    def read(self, place: Place, known: Known) -> Iterator[Batch]:
        """Products first: they name what the lines are of. Then orders whose visits were not known, then all others."""
        self._known, self._handles = known, {}
        before = place.get(UNREADY, "") if self._settings.conversation_parameter else ""
        self._orders.unready = dict.fromkeys(before.split())
        again = (Batch(self._orders.clicks(ids)) for ids in [list(self._orders.unready)])
        for batch in chain(self._all_of("products", place), again, self._all_of("orders", place)):
            yield replace(batch, place={**batch.place, **self._orders.still_unready()}) if batch.place else batch
        if (left := self._orders.still_unready())[UNREADY] != before:
            yield Batch((), left, is_milestone=True)

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
                operation = bulk.begin(self._shop, self._orders.queries.bulk(kind, self._start()))
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
        safe = operation.createdAt - OVERLAP
        families = bulk.families(bulk.fetch(operation, folder), since)
        while found := list(islice(families, FAMILIES)):
            share = found[-1][0]
            changed = _changed_at([root for _, root, _ in found])
            reached = _text(min(changed, safe)) if changed else ""
            rows = self._rows(
                kind, [_with(root, children) if kind == "orders" else root for _, root, children in found]
            )
            moved = {kind: reached, f"{kind}_bulk": operation.id} if reached > since else {}
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
            asked = self._orders.queries.changed[kind]
            page = self._pages.ask(asked, CHANGED[kind], first=FIRST[kind], after=cursor, query=query, **more).page
            if not page.nodes:
                return
            changed = _changed_at(page.nodes)
            # Who stops where the place has not moved would read the same again next time.
            moved = changed if changed and (reached is None or changed > reached) else None
            yield Batch(self._rows(kind, page.nodes), {kind: moved.isoformat()} if moved else {})
            reached = moved or reached
            if page.following is None:
                return
            cursor, count = page.following, count + len(page.nodes)
            if count >= CEILING and changed and (since is None or changed > since):
                since, cursor, count = changed, None, 0

    def _rows(self, kind: str, records: Sequence[Any]) -> list[Row]:
        if kind == "orders":
            return self._orders.rows(records)
        return [row for record in records for row in self._product(record)]

    def _product(self, record: Any) -> list[Row]:
        def made() -> Iterator[Row]:
            return mapping.product_rows(self.account, Product.read(record, self.unknown))

        return rows_of("products", self.account, record, made)

    def _product_of(self, handle: str) -> str | None:
        """The product that has this handle, or had it: one that is renamed or deleted stays that of past clicks."""
        if handle not in self._handles:
            found = self._shop.ask(queries.PRODUCT_OF, ProductOf, of={"handle": handle}).productByIdentifier
            if found:
                self._handles[handle] = found.number
            else:
                self._handles[handle] = self._known.product_with("handle", handle) if self._known else None
        return self._handles[handle]


def _with(order: Any, lines: list[Any]) -> Any:
    """An order of a bulk operation as pages have it; what is no object is left to be refused."""
    return {**order, "lineItems": lines} if isinstance(order, dict) else order


def _changed_at(records: Sequence[Any]) -> datetime | None:
    """When the last one changed that says so."""
    for record in reversed(records):
        with suppress(ValidationError):
            if changed := Stamped.read(record, Unknown()).updatedAt:
                return datetime.fromisoformat(changed)
    return None


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
