"""From Shopify's records to rows of the landing contract; pure functions.

Amounts are `shopMoney`, in the shop's currency, never what the shopper saw (`presentmentMoney`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Any

from flows.sources.api import JsonObject, Misshapen, Row, decimal, line_ids, rows_of
from flows.sources.shopify import visits
from flows.sources.shopify.visits import Marks

FOUR_PLACES = Decimal("0.0001")
ZERO = Decimal(0)
STATUS = "displayFinancialStatus"
NEVER_PAID = {"VOIDED", "EXPIRED"}  # the payment was let go before it was taken
PENDING = "PENDING"


def order_rows(
    account: str, order: JsonObject, lines: Sequence[JsonObject], pending_counts: bool, marks: Marks
) -> Iterator[Row]:
    """An order, its lines, and the clicks of lines that name a conversation.

    Its `refunds` have their `refundLineItems` as lists.
    A test order is not an order. Without `pending_counts` neither is an order that waits for its payment: of one that
    did not wait before, nothing counts any more. Gift cards and tips are not lines. Raises Misshapen for a shape that
    is not known.
    """
    if order.get("test"):
        return
    order_id, changed, status = number(order), order.get("updatedAt"), order.get(STATUS)
    waits = status == PENDING and not pending_counts
    is_sold = not waits and status not in NEVER_PAID
    tip = _shop_money(order.get("totalTipReceivedSet"))
    lines = [line for line in lines if is_sold and not line.get("isGiftCard") and not _is_tip(line, tip)]
    placed = order.get("processedAt") or order.get("createdAt")
    yield Row(
        "orders",
        {
            "account_id": account,
            "order_id": order_id,
            "placed_at": placed,
            "currency": order.get("currencyCode"),
            "email": order.get("email"),
            "phone": order.get("phone"),
            "cancelled_at": order.get("cancelledAt") or (None if is_sold else changed),
            "order_line_ids": line_ids(order_id, _ids(lines)),
            "updated_at": changed,
        },
        order,
        only_if_known=waits,
    )
    refunded, is_refunded = _refunded(order), status == "REFUNDED"
    of_order = {"account_id": account, "order_id": order_id, "updated_at": changed}

    def made(line: JsonObject) -> Iterator[Row]:
        row = Row("order_lines", {**of_order, **_line(line, refunded, is_refunded)}, marks.kept(line))
        yield row
        yield from visits.cart_click({"account_id": account, "updated_at": changed}, row, placed, marks)

    for line in lines:
        yield from rows_of("order_lines", account, marks.kept(line), lambda: made(line))  # noqa: B023


def product_rows(account: str, product: JsonObject) -> Iterator[Row]:
    """A product, under the id that its variants share; a gift card is money."""
    if product.get("isGiftCard"):
        return
    yield Row(
        "products",
        {
            "account_id": account,
            "product_id": number(product),
            "title": product.get("title"),
            "url": product.get("onlineStoreUrl"),
            "updated_at": product.get("updatedAt"),
        },
        product,
    )


def _is_tip(line: JsonObject, tip: JsonObject) -> bool:
    """A tip comes as a line without product and SKU; nothing marks it but its amount, which the order names."""
    has_product = line.get("product") or line.get("variant") or line.get("sku")
    return (
        not has_product
        and bool(str(tip.get("amount") or "").strip("0."))
        and _shop_money(line.get("originalTotalSet")) == tip
    )


def _line(line: JsonObject, refunded: dict[str, tuple[Decimal, int]], is_refunded: bool) -> dict[str, object]:
    """Quantity × unit price − discount is the line's total to the last digit: what does not divide is rounded up.

    The total is that of all units ordered, less the line's share of every discount, of the order's and of codes too.
    Of an order that was given back whole its refunds often name no lines.
    """
    quantity = _units(line.get("quantity"))
    before = _amount(line.get("originalTotalSet"))
    after = before - sum(
        (_amount(one.get("allocatedAmountSet")) for one in line.get("discountAllocations") or ()), ZERO
    )
    unit_price = (before / max(quantity, 1)).quantize(FOUR_PLACES, ROUND_CEILING)
    back, units = refunded.get(str(line["id"]), (ZERO, 0))
    # Units that an edit of the order took away; they are not part of any refund then.
    current = line.get("currentQuantity")
    removed = max(quantity - current - units, 0) if isinstance(current, int) else 0
    if removed and quantity:
        back += (after * removed / quantity).quantize(FOUR_PLACES, ROUND_HALF_UP)
    return {
        "order_line_id": number(line),
        "product_id": number(line["product"]) if line.get("product") else None,  # rule 2.7
        "sku": line.get("sku") or None,
        "quantity": line.get("quantity"),
        "unit_price": str(unit_price),
        "discount": str(max(unit_price * quantity - after, ZERO)),
        "refunded_amount": str(max(back, after) if is_refunded else back),
    }


def _refunded(order: JsonObject) -> dict[str, tuple[Decimal, int]]:
    """By line, the amount given back and the units; what is given back of the order as a whole is of no line."""
    found: dict[str, tuple[Decimal, int]] = {}
    for refund in order.get("refunds") or ():
        for line in refund.get("refundLineItems") or ():
            of = str((line.get("lineItem") or {}).get("id"))
            amount, units = found.get(of, (ZERO, 0))
            found[of] = (amount + abs(_amount(line.get("subtotalSet"))), units + _units(line.get("quantity")))
    return found


def _amount(bag: Any) -> Decimal:
    """The amount of a MoneyBag in the shop's currency."""
    return decimal(_shop_money(bag).get("amount"), "amount")


def _shop_money(bag: Any) -> JsonObject:
    return (bag or {}).get("shopMoney") or {}


def _units(value: Any) -> int:
    """A quantity to count with; what is none is refused as it stands, by the landing contract."""
    return value if isinstance(value, int) else 0


def _ids(lines: Sequence[JsonObject]) -> Iterator[str]:
    """Of the lines that have one; those that have none are refused by themselves."""
    for line in lines:
        with suppress(Misshapen):
            yield number(line)


def number(record: JsonObject) -> str:
    """The number at the end of `gid://shopify/Order/1`: what the storefront and other systems call it."""
    gid = str(record.get("id") or "")
    number = gid.rpartition("/")[2].partition("?")[0]
    if not gid.startswith("gid://") or not number:
        raise Misshapen("it has no id")
    return number
