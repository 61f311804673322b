"""From WooCommerce's records to rows of the landing contract; pure functions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from flows.sources.api import JsonObject, Misshapen, Row, decimal, line_ids, rows_of

PENDING = "pending"
CARTS = {"checkout-draft", "auto-draft"}  # on their way; when they are paid, they change
NOT_SOLD = {"failed", "trash"}
CANCELLED = "cancelled"
# What is kept of records: no names, addresses, notes or meta data.
KEPT = {
    "orders": (
        *("id", "number", "status", "currency", "customer_id", "total", "total_tax", "shipping_total", "refunds"),
        *("date_created_gmt", "date_modified_gmt", "date_paid_gmt"),
    ),
    "order_lines": ("id", "name", "product_id", "variation_id", "quantity", "sku", "subtotal", "total", "total_tax"),
    "products": ("id", "name", "sku", "status", "permalink", "date_created_gmt", "date_modified_gmt"),
}
FOUR_PLACES = Decimal("0.0001")


def order_rows(account: str, order: JsonObject, refunds: Sequence[JsonObject], carts: Collection[str]) -> Iterator[Row]:
    """An order and its lines. `refunds` are the order's, with their own lines.

    Amounts are without tax, as the shop reports its sales. An order whose status is one of `carts` is not placed: of
    one that was, nothing counts any more. Raises Misshapen for a shape that is not known.
    """
    order_id, status = _id(order), order.get("status")
    is_cart = status in carts
    is_sold = not is_cart and status not in NOT_SOLD
    lines = order.get("line_items") if is_sold else []
    changed, billing = instant(order.get("date_modified_gmt")), order.get("billing") or {}
    yield Row(
        "orders",
        {
            "account_id": account,
            "order_id": order_id,
            "placed_at": instant(order.get("date_created_gmt")),
            "currency": order.get("currency"),
            "email": billing.get("email"),
            "phone": billing.get("phone"),
            "cancelled_at": changed if not is_sold or status == CANCELLED else None,
            "order_line_ids": None if lines is None else line_ids(order_id, _ids(lines)),
            "updated_at": changed,
        },
        {**_kept("orders", order), "billing": {name: billing.get(name) for name in ("email", "phone")}},
        only_if_known=is_cart,
    )
    refunded, is_refunded = _refunded(refunds), status == "refunded"
    of_order = {"account_id": account, "order_id": order_id, "updated_at": changed}
    for line in lines or ():
        yield from rows_of("order_lines", account, line, lambda: [_line_row(of_order, line, refunded, is_refunded)])  # noqa: B023


def product_row(account: str, product: JsonObject) -> Row:
    """A product, under the id that its variations share."""
    return Row(
        "products",
        {
            "account_id": account,
            "product_id": _id(product),
            "title": product.get("name"),
            "url": product.get("permalink"),
            "updated_at": instant(product.get("date_modified_gmt")),
        },
        _kept("products", product),
    )


def instant(text: object) -> str | None:
    """A time of a field that ends in `_gmt`: UTC, written without an offset."""
    return f"{text}Z" if text else None


def _line_row(of_order: JsonObject, line: JsonObject, refunded: dict[str, Decimal], is_refunded: bool) -> Row:
    return Row("order_lines", {**of_order, **_line(line, refunded, is_refunded)}, _kept("order_lines", line))


def _line(line: JsonObject, refunded: dict[str, Decimal], is_refunded: bool) -> dict[str, object]:
    """Quantity × unit price − discount is the line's total to the last digit: what does not divide is rounded up.

    Of an order that was given back whole its refunds often name no lines.
    """
    quantity = decimal(line.get("quantity"), "quantity").quantize(FOUR_PLACES, ROUND_HALF_UP)  # as it will be counted
    after = decimal(line.get("total"), "total")
    before = max(decimal(line.get("subtotal"), "subtotal"), after)
    unit_price = (before / (quantity if quantity > 0 else 1)).quantize(FOUR_PLACES, ROUND_CEILING)
    line_id = _id(line)
    return {
        "order_line_id": line_id,
        "product_id": str(line["product_id"]) if line.get("product_id") else None,  # rule 2.7
        "sku": line.get("sku") or None,
        "quantity": line.get("quantity"),
        "unit_price": str(unit_price),
        "discount": str(max(unit_price * quantity - after, Decimal(0))),
        "refunded_amount": str(max(refunded.get(line_id, Decimal(0)), after if is_refunded else Decimal(0))),
    }


def _refunded(refunds: Sequence[JsonObject]) -> dict[str, Decimal]:
    """By line, what was given back; a refund names the line that it is of in its meta data."""
    amounts: dict[str, Decimal] = {}
    for refund in refunds:
        for line in refund.get("line_items") or ():
            of = next(
                (str(meta["value"]) for meta in line.get("meta_data") or () if meta.get("key") == "_refunded_item_id"),
                None,
            )
            if of is not None:
                amounts[of] = amounts.get(of, Decimal(0)) + abs(decimal(line.get("total"), "total of a refund"))
    return amounts


def _kept(table: str, record: JsonObject) -> JsonObject:
    return {name: record[name] for name in KEPT[table] if name in record}


def _ids(lines: Sequence[JsonObject]) -> Iterator[str]:
    """Of the lines that have one; those that have none are refused by themselves."""
    return (_id(line) for line in lines if isinstance(line, dict) and line.get("id"))


def _id(record: JsonObject) -> str:
    if not record.get("id"):
        raise Misshapen("it has no id")
    return str(record["id"])
