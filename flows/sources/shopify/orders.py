"""Orders with what is asked for by itself: their further lines, the lines of their refunds, the visits before them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

from flows.sources.api import Misshapen, Place, Row, Unknown, rows_of
from flows.sources.shopify import mapping, queries, visits
from flows.sources.shopify.paging import MOST, Pages
from flows.sources.shopify.queries import Queries
from flows.sources.shopify.records import Connection, Order, Refund, RefundLineItem, without
from flows.sources.shopify.settings import ShopifySettings
from flows.sources.shopify.visits import Marks

UNREADY = "unready"


class Orders:
    """One account's orders. `unready` are those whose visits Shopify has not found yet, as they were read."""

    def __init__(
        self,
        account: str,
        settings: ShopifySettings,
        pages: Pages,
        product_of: Callable[[str], str | None],
        unknown: Unknown,
    ) -> None:
        """`product_of` says which product has a handle."""
        self._account, self._settings, self._pages = account, settings, pages
        self._product_of, self._unknown = product_of, unknown
        self._marks = Marks(settings.conversation_parameter, settings.agent_parameters, settings.cart_attribute)
        self.queries = Queries(
            has_visits=settings.conversation_parameter is not None, has_attributes=settings.cart_attribute is not None
        )
        self.unready: dict[str, None] = {}

    def rows(self, records: Iterable[Any]) -> list[Row]:
        """The rows of orders that come with the first of their lines, or with all of them."""
        read, refused = list[tuple[Order, list[Any]]](), list[Row]()
        for record in records:
            refused += rows_of("orders", self._account, without(record, "lineItems"), lambda: self._read(record, read))  # noqa: B023
        refunds = self._refunds([refund for order, _ in read for refund in order.refunds])
        rows = refused + self.clicks([order.id for order, _ in read if _may_have_visits(order)])
        for order, lines in read:
            rows += rows_of("orders", self._account, order.kept(), lambda: self._rows(order, lines, refunds))  # noqa: B023
        return rows

    def clicks(self, ids: Sequence[str]) -> list[Row]:
        """The clicks among the visits that led to these orders; they are found some time after the order."""
        rows: list[Row] = []
        for of, found in self._pages.of_all(queries.VISITS, ids, Order, attrgetter("moments")):
            self.unready.pop(of, None)
            if found is None:
                continue
            order, visited = found
            rows += visits.visit_rows(self._account, visited, self._marks, self._product_of, self._unknown)
            if order.customerJourneySummary and order.customerJourneySummary.ready is False:
                self.unready[of] = None
        return rows

    def still_unready(self) -> Place:
        """The newest orders whose visits Shopify has not found yet."""
        return {UNREADY: " ".join(list(self.unready)[-MOST:])}

    def _read(self, record: Any, read: list[tuple[Order, list[Any]]]) -> Sequence[Row]:
        """Append the order and its lines to `read`; there are no rows yet."""
        order = Order.read(record, self._unknown)
        lines = self._pages.rest(order.lineItems, self.queries.lines_of, order, attrgetter("lineItems"))
        read.append((order, lines))
        return ()

    def _rows(self, order: Order, lines: Sequence[Any], refunds: Mapping[str, Refund | None]) -> Iterator[Row]:
        given = [refunds[one.id] for one in order.refunds]
        if None in given:
            raise Misshapen("the lines of a refund cannot be read")
        whole = order.model_copy(update={"refunds": tuple(given)})
        return mapping.order_rows(
            self._account, whole, lines, self._marks, self._unknown, pending_counts=self._settings.pending_counts
        )

    def _refunds(self, refunds: Sequence[Refund]) -> dict[str, Refund | None]:
        """Refunds by id, with all of their lines; None where these cannot be read."""
        found: dict[str, Refund | None] = {one.id: one for one in refunds}
        for of, read in self._pages.of_all(queries.REFUNDS, list(found), Refund, attrgetter("refundLineItems")):
            found[of] = None
            if read:
                lines = Connection[RefundLineItem](nodes=tuple(read[1]))
                found[of] = read[0].model_copy(update={"refundLineItems": lines})
        return found


def _may_have_visits(order: Order) -> bool:
    journey = order.customerJourneySummary
    if order.test or journey is None:
        return False
    return journey.momentsCount is None or journey.momentsCount.count != 0
