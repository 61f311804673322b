"""What is asked of a WooCommerce shop: orders and products in the order in which they changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from itertools import chain
from typing import Any

from dlt.sources.helpers.rest_client.auth import HttpBasicAuth
from pydantic import ValidationError

from flows.ground.errors import SourceRefused
from flows.sources import api
from flows.sources.api import Batch, Http, Known, Pace, Place, Row, Unknown, rows_of
from flows.sources.woocommerce import mapping
from flows.sources.woocommerce.records import Order, Page, Product, Refund, Refunds, Refusal, Stamped
from flows.sources.woocommerce.settings import WooCommerceSettings

NAME = mapping.NAME
API = "wp-json/wc/v3"
PAGE = 100
ORDER = {"orderby": "modified", "order": "asc"}  # which sites of long ago may not know
SECOND = timedelta(seconds=1)
LIMITS = ((20, 1.0),)  # none is documented; shops are small machines


class Client(api.Client):
    """One shop; a client of `flows.sources.api`."""

    rereads = timedelta(days=2)

    def __init__(
        self,
        account: str,
        settings: WooCommerceSettings,
        environment: Mapping[str, str],
        waiting: Callable[[float], None],
    ) -> None:
        self.account, self._settings = account, settings
        begins = datetime.combine(settings.start, time(), UTC) if settings.start else datetime(2000, 1, 1, tzinfo=UTC)
        self._begins = begins - SECOND  # what changed later than this is read
        self._carts = mapping.CARTS | (set() if settings.pending_counts else {mapping.PENDING})
        auth = HttpBasicAuth(settings.consumer_key.read(environment), settings.consumer_secret.read(environment))
        self._http = Http(NAME, settings.base_url, auth=auth, pace=Pace(NAME, LIMITS, waiting), explain=_explain)

    def check(self) -> str:
        """One order and one product: the key may read both."""
        for path in ("orders", "products"):
            self._page(path, {"per_page": 1})
        return f"{self._settings.base_url} answers, orders and products can be read"

    def read(self, place: Place, known: Known) -> Iterator[Batch]:  # noqa: ARG002  nothing of a shop comes in parts
        """Products first: they name what the lines are of."""
        yield from self._changed("products", place, self._product)
        count, reached = self._count(), place.get("orders", self._begins.isoformat())
        for batch in self._changed("orders", place, self._order):
            reached = batch.place.get("orders", reached)
            yield batch
        if count is not None:  # asked for before, so that no order counts that came meanwhile
            yield Batch([mapping.count_row(self.account, count, reached)])

    def _count(self) -> int | None:
        """How many orders that are no carts the shop has by its own counter; statuses of plugins are not in it."""
        placed = [*mapping.PLACED, *({mapping.PENDING} - self._carts)]
        params = {"per_page": 1, "status": ",".join(placed), **self._since(self._begins)}
        try:
            return self._http.counted(f"{API}/orders", params, "X-WP-Total")[1]
        except SourceRefused as refused:
            if refused.status not in {400, 422}:
                raise
            return None  # a shop that has taken away one of these statuses

    def _order(self, record: Any) -> list[Row]:
        def made() -> Iterator[Row]:
            order = Order.read(record, self.unknown)
            return mapping.order_rows(self.account, order, self._refunds(order), self._carts, self.unknown)

        return rows_of("orders", self.account, record, made)

    def _product(self, record: Any) -> list[Row]:
        def made() -> Iterator[Row]:
            yield mapping.product_row(self.account, Product.read(record, self.unknown))

        return rows_of("products", self.account, record, made)

    def _refunds(self, order: Order) -> Sequence[Refund]:
        """Refunds with the lines that they are of; none where the order was deleted meanwhile."""
        if order.refunds == ():
            return ()
        try:
            found = self._http.get(f"{API}/orders/{order.id}/refunds", {"per_page": PAGE})
        except SourceRefused as refused:
            if refused.status == 404:
                return ()
            raise
        return Refunds.read({"refunds": found}, self.unknown).refunds

    def _changed(self, path: str, place: Place, rows: Callable[[Any], list[Row]]) -> Iterator[Batch]:
        """What changed since the place, oldest first.

        Pages would drift while records change, so each one begins where the one before ended, a second earlier because
        stamps are seconds. Only records of one and the same second are read by page number. A site that takes no order
        is read by page number from end to end.
        """
        after = datetime.fromisoformat(place[path]) - SECOND if path in place else self._begins
        page, changed = 1, after
        while True:
            found, pages = self._page(
                path,
                {
                    "per_page": PAGE,
                    "page": page,
                    **ORDER,
                    **self._since(after),
                },
            )
            is_last = page >= pages if pages else len(found) < PAGE  # plugins leave records out of a page
            is_ordered = self._http.takes(f"{API}/{path}", "orderby")
            changed = max(changed, _changed_at(found, is_ordered) or changed)
            # Without an order nothing has been read up to a time before everything has.
            moves = changed > after and (is_ordered or is_last)
            yield Batch(list(chain.from_iterable(map(rows, found))), {path: changed.isoformat()} if moves else {})
            if is_last:
                return
            is_later = is_ordered and changed - SECOND > after
            after, page = (changed - SECOND, 1) if is_later else (after, page + 1)

    def _since(self, after: datetime) -> dict[str, str]:
        return {"modified_after": f"{after:%Y-%m-%dT%H:%M:%S}", "dates_are_gmt": "true"}

    def _page(self, path: str, params: Mapping[str, Any]) -> tuple[Sequence[Any], int | None]:
        """A page of a list, and how many pages the list has, where the shop says so."""
        answer, pages = self._http.counted(f"{API}/{path}", params, "X-WP-TotalPages", optional=ORDER)
        page = Page.answered(NAME, {path: answer}, self.unknown)
        return page.orders or page.products, pages


def _changed_at(page: Sequence[Any], is_ordered: bool) -> datetime | None:
    """When the last record of a page changed that says so; of a page without an order the latest."""
    found: list[datetime] = []
    for record in reversed(page):
        with suppress(ValidationError):
            if changed := Stamped.read(record, Unknown()).date_modified_gmt:
                found.append(datetime.fromisoformat(changed))
    return (found[0] if is_ordered else max(found)) if found else None


def _explain(status: int, answer: Any) -> str | None:
    code = None
    with suppress(ValidationError):
        code = Refusal.read(answer, Unknown()).code
    if status == 401 or code == "woocommerce_rest_cannot_view":
        return "see to consumer key and secret, and to its permission: read"
    if code == "rest_no_route":
        return "WooCommerce is not installed at base_url, or its permalinks are plain"
    return None
