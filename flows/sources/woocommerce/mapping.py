"""From WooCommerce's records to rows of the landing contract; pure functions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pydantic import ValidationError

from flows.sources.api import Row, Unknown, line_ids, priced, rows_of
from flows.sources.api.lines import FOUR_PLACES, ZERO
from flows.sources.woocommerce.records import Line, Named, Order, Product, Refund

NAME = "woocommerce"
PENDING = "pending"
CARTS = {"checkout-draft", "auto-draft"}  # on their way; when they are paid, they change
NOT_SOLD = {"failed", "trash"}
CANCELLED = "cancelled"
PLACED = ("processing", "on-hold", "completed", "refunded", CANCELLED, "failed")  # statuses that every shop has
OF_LINE = "_refunded_item_id"  # the meta data of a refund's line


def order_rows(
    account: str, order: Order, refunds: Iterable[Refund], carts: Collection[str], unknown: Unknown
) -> Iterator[Row]:
    """An order and its lines. `refunds` are the order's, with their own lines.

    Amounts are without tax, as the shop reports its sales. An order whose status is one of `carts` is not placed: of
    one that was, nothing counts any more.
    """
    is_cart = order.status in carts
    is_sold = not is_cart and order.status not in NOT_SOLD
    lines = order.line_items if is_sold else ()
    changed = order.date_modified_gmt
    yield Row(
        "orders",
        {
            "account_id": account,
            "order_id": order.id,
            "placed_at": order.date_created_gmt,
            "currency": order.currency,
            "email": order.billing.email if order.billing else None,
            "phone": order.billing.phone if order.billing else None,
            "cancelled_at": changed if not is_sold or order.status == CANCELLED else None,
            "order_line_ids": None if lines is None else line_ids(order.id, _ids(lines)),
            "updated_at": changed,
        },
        order.kept(),
        only_if_known=is_cart,
    )
    refunded, is_refunded = _refunded(refunds), order.status == "refunded"
    of_order = {"account_id": account, "order_id": order.id, "updated_at": changed}

    def made(record: Any) -> Iterator[Row]:
        line = Line.read(record, unknown)
        yield Row("order_lines", {**of_order, **_line(line, refunded, is_refunded)}, line.kept())

    for record in lines or ():
        yield from rows_of("order_lines", account, record, lambda: made(record))  # noqa: B023


def count_row(account: str, value: int, at: str) -> Row:
    """How many orders the shop counts, as of the newest change that was read: without a change it is no news."""
    values = {
        "account_id": account,
        "count_id": f"{NAME}/orders",
        "source": NAME,
        "thing": "orders",
        "value": value,
        "counted_at": at,
        "updated_at": at,
    }
    return Row("source_counts", values, {"orders": value})


def product_row(account: str, product: Product) -> Row:
    """A product, under the id that its variations share."""
    return Row(
        "products",
        {
            "account_id": account,
            "product_id": product.id,
            "title": product.name,
            "url": product.permalink,
            "updated_at": product.date_modified_gmt,
        },
        product.kept(),
    )


def _line(line: Line, refunded: dict[str, Decimal], is_refunded: bool) -> dict[str, object]:
    """Of an order that was given back whole its refunds often name no lines."""
    quantity = (line.quantity or ZERO).quantize(FOUR_PLACES, ROUND_HALF_UP)  # as it will be counted
    return {
        "order_line_id": line.id,
        "product_id": line.product_id,  # rule 2.7
        "sku": line.sku,
        "quantity": line.quantity,
        **priced(quantity, max(line.subtotal, line.total), line.total),
        "refunded_amount": str(max(refunded.get(line.id, ZERO), line.total if is_refunded else ZERO)),
    }


def _refunded(refunds: Iterable[Refund]) -> dict[str, Decimal]:
    """By line, what was given back."""
    amounts: dict[str, Decimal] = {}
    for line in (line for refund in refunds for line in refund.line_items):
        of = next((str(meta.value) for meta in line.meta_data if meta.key == OF_LINE), None)
        if of is not None:
            amounts[of] = amounts.get(of, ZERO) + abs(line.total)
    return amounts


def _ids(lines: Iterable[Any]) -> Iterator[str]:
    """Also of lines that cannot be read, where they have one: without it the versions before would leave the order."""
    for line in lines:
        with suppress(ValidationError):
            yield Named.read(line, Unknown()).id
