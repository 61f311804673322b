"""From Shopify's records to rows of the landing contract; pure functions.

Amounts are `shopMoney`, in the shop's currency, never what the shopper saw (`presentmentMoney`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pydantic import ValidationError

from flows.sources.api import Row, Unknown, line_ids, priced, rows_of
from flows.sources.api.lines import FOUR_PLACES, ZERO
from flows.sources.shopify import visits
from flows.sources.shopify.records import LineItem, MoneyBag, Order, Product, Thing, without
from flows.sources.shopify.visits import Marks

NEVER_PAID = {"VOIDED", "EXPIRED"}  # the payment was let go before it was taken
PENDING = "PENDING"


def order_rows(
    account: str, order: Order, lines: Sequence[Any], marks: Marks, unknown: Unknown, *, pending_counts: bool
) -> Iterator[Row]:
    """An order, its lines, and the clicks of lines that name a conversation.

    A test order is not an order. Without `pending_counts` neither is an order that waits for its payment: of one that
    did not wait before, nothing counts any more. Gift cards and tips are not lines.
    """
    if order.test:
        return
    status, placed = order.displayFinancialStatus, order.processedAt or order.createdAt
    waits = status == PENDING and not pending_counts
    is_sold = not waits and status not in NEVER_PAID
    refunded, is_refunded = _refunded(order), status == "REFUNDED"
    of_order = {"account_id": account, "order_id": order.number, "updated_at": order.updatedAt}

    def made(record: Any) -> Iterator[Row]:
        line = marks.only(LineItem.read(record, unknown))
        if line.isGiftCard or _is_tip(line, order):
            return
        values = {**of_order, **_line(line, refunded, is_refunded)}
        yield Row("order_lines", values, line.kept())
        yield from visits.cart_click(account, order, line, placed, marks)

    ids, rows = list[str](), list[Row]()
    for record in lines if is_sold else ():
        of_line = rows_of("order_lines", account, without(record, "customAttributes"), lambda: made(record))  # noqa: B023
        ids += _ids(record) if of_line else ()
        rows += of_line
    yield Row(
        "orders",
        {
            **of_order,
            "placed_at": placed,
            "currency": order.currencyCode,
            "email": order.email,
            "phone": order.phone,
            "cancelled_at": order.cancelledAt or (None if is_sold else order.updatedAt),
            "order_line_ids": line_ids(order.number, ids),
        },
        order.kept(),
        only_if_known=waits,
    )
    yield from rows


def product_rows(account: str, product: Product) -> Iterator[Row]:
    """A product, under the id that its variants share; a gift card is money."""
    if product.isGiftCard:
        return
    yield Row(
        "products",
        {
            "account_id": account,
            "product_id": product.number,
            "title": product.title,
            "url": product.onlineStoreUrl,
            "updated_at": product.updatedAt,
        },
        product.kept(),
    )


def _is_tip(line: LineItem, order: Order) -> bool:
    """A tip comes as a line without product and SKU; nothing marks it but its amount, which the order names."""
    has_product = line.product or line.variant or line.sku
    tip = _amount(order.totalTipReceivedSet)
    return not has_product and tip != 0 and _amount(line.originalTotalSet) == tip


def _line(line: LineItem, refunded: dict[str, tuple[Decimal, int]], is_refunded: bool) -> dict[str, object]:
    """The total is that of all units ordered, less the line's share of every discount, of the order's and of codes too.

    Of an order that was given back whole its refunds often name no lines.
    """
    quantity = line.quantity or 0
    before = _amount(line.originalTotalSet)
    after = before - sum((_amount(one.allocatedAmountSet) for one in line.discountAllocations), ZERO)
    back, units = refunded.get(line.id, (ZERO, 0))
    # Units that an edit of the order took away; they are not part of any refund then.
    removed = 0 if line.currentQuantity is None else max(quantity - line.currentQuantity - units, 0)
    if removed and quantity:
        back += (after * removed / quantity).quantize(FOUR_PLACES, ROUND_HALF_UP)
    return {
        "order_line_id": line.number,
        "product_id": line.product.number if line.product else None,  # rule 2.7
        "sku": line.sku,
        "quantity": line.quantity,
        **priced(quantity, before, after),
        "refunded_amount": str(max(back, after) if is_refunded else back),
    }


def _refunded(order: Order) -> dict[str, tuple[Decimal, int]]:
    """By line, the amount given back and the units; what is given back of the order as a whole is of no line."""
    found: dict[str, tuple[Decimal, int]] = {}
    for refund in order.refunds:
        for line in refund.refundLineItems.nodes if refund.refundLineItems else ():
            of = line.lineItem.id if line.lineItem else ""
            amount, units = found.get(of, (ZERO, 0))
            found[of] = (amount + abs(_amount(line.subtotalSet)), units + (line.quantity or 0))
    return found


def _amount(bag: MoneyBag | None) -> Decimal:
    """In the shop's currency."""
    return bag.shopMoney.amount if bag and bag.shopMoney else ZERO


def _ids(line: Any) -> Iterator[str]:
    """Also of a line that cannot be read, where it has an id: without it the versions before would leave the order."""
    with suppress(ValidationError):
        yield Thing.read(line, Unknown()).number
