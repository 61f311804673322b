"""From Klaviyo's events to orders, their lines, and who placed them; pure functions.

Integrations tell of lines in different ways: objects in `Items`, titles there and the shop's own order in `$extra`, or
an event *Ordered Product* for each line. Refunds and cancellations are events of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Any

from flows.sources.api import JsonObject, Misshapen, Part, Row, decimal
from flows.sources.api.rows import UNEXPECTED, reason
from flows.sources.klaviyo import records
from flows.sources.klaviyo.records import (
    first,
    happened,
    metric_of,
    normal,
    only,
    product_id,
    product_of,
    profile_of,
    prop,
    properties,
    text_of,
)

OF_ORDERS = ("placed_order", "ordered_product", "refunded_order", "cancelled_order")
ORDER_ID = ("OrderId", "Order ID")
EVENT_ID = ("$event_id",)
CURRENCY = ("$currency_code", "value_currency", "Currency", "Currency Code")
VALUE = ("$value",)
EXTRA = ("$extra",)
ITEMS = ("Items", "line_items", "Products", "order_items")
PRICE = ("ItemPrice", "Item Price", "Unit Price", "Price")
TOTAL = ("RowTotal", "Row Total", "Line Total", "Total")
DISCOUNT = ("Discount", "Discount Amount", "Total Discount")
PRODUCT = ("ProductID",)
OF_LINE = (*PRODUCT, "id", "SKU", "Quantity", *PRICE, *TOTAL, *DISCOUNT, "discount_allocations", *VALUE, "gift_card")
FOUR_PLACES = Decimal("0.0001")
ZERO = Decimal(0)


@dataclass(frozen=True)
class Line:
    """A line of an order as an event tells of it; `names_pieces` is whether it says how many there are.

    Discount and refund are of the whole line; a price is None where nothing tells it.
    """

    id: str
    product_id: str | None
    sku: str | None
    names_pieces: bool
    quantity: Decimal
    unit_price: Decimal | None
    discount: Decimal
    record: Any
    refunded: Decimal = ZERO

    @property
    def left(self) -> Decimal:
        """What was paid for it and not given back."""
        return max((self.unit_price or ZERO) * self.quantity - self.discount - self.refunded, ZERO)


def kept(event: JsonObject) -> JsonObject:
    """What is used of an event of an order: no address, no card, no note, neither its own nor the shop's."""
    found = records.kept(event, (*ORDER_ID, *EVENT_ID, *CURRENCY, *VALUE, *EXTRA, *ITEMS, *OF_LINE))
    given = found["attributes"]["event_properties"]
    if isinstance(given, dict):
        extra = {name: only(of, (*ITEMS, "currency")) for name, of in given.items() if normal(name) == "extra"}
        for place in (given := {**given, **extra}, *(one for one in extra.values() if isinstance(one, dict))):
            for name in place:
                if normal(name) in map(normal, ITEMS):
                    lines = place[name]
                    place[name] = (
                        [only(one, OF_LINE) for one in lines] if isinstance(lines, list) else only(lines, OF_LINE)
                    )
        found["attributes"]["event_properties"] = given
    return found


def order_of(event: JsonObject) -> str | None:
    """The shop's id of the order that an event is of. In `$event_id`, what follows a colon is of the line."""
    if named := text_of(prop(event, ORDER_ID)):
        return product_id(named)
    named = text_of(prop(event, EVENT_ID))
    return product_id(named).partition(":")[0] if named else None


def order_rows(account: str, of: str, parts: Sequence[Part], currency: str | None) -> Iterator[Row]:
    """An order and its lines from all events of it; `currency` is that of orders of which no event names one.

    An order that two integrations report counts once: as the event says that tells most of it.
    """
    events: dict[str, list[JsonObject]] = {}
    for part in parts:
        events.setdefault(part.kind, []).append(part.record)
    placed = sorted(events.get("placed_order", ()), key=lambda event: not _items(event))
    if not placed:
        return  # a product of an order that has not come yet
    values = {
        "account_id": account,
        "order_id": of,
        "placed_at": happened(placed[0]),
        "currency": next(filter(None, map(_currency, placed)), currency),
        "profile_id": next(filter(None, map(profile_of, placed)), None),
        "cancelled_at": next(filter(None, map(happened, events.get("cancelled_order", ()))), None),
    }
    lines, ids = list[Line](), list[str]()
    for line_id, item, record in _told(of, placed[0], events.get("ordered_product", ())):
        ids.append(line_id)
        try:
            lines.append(_line(line_id, item, record))
        except UNEXPECTED as error:
            yield Row("order_lines", {"account_id": account}, record, refused=reason(error))
    yield Row("orders", {**values, "order_line_ids": ids or None}, placed[0])
    for event in _of_one_integration(events.get("refunded_order", ())):
        try:
            lines = _given_back(lines, event)
        except UNEXPECTED as error:
            yield Row("order_lines", {"account_id": account}, event, refused=reason(error))
    yield from (_line_row(account, of, line) for line in lines)


def profile_rows(account: str, of: str, parts: Sequence[Part]) -> Iterator[Row]:
    """Who placed an order that another system brings."""
    for part in parts:
        if part.kind == "placed_order" and (profile := profile_of(part.record)):
            yield Row("order_profiles", {"account_id": account, "order_id": of, "profile_id": profile}, part.record)
            return


def _currency(placed: JsonObject) -> str | None:
    return text_of(prop(placed, CURRENCY)) or text_of(first(prop(placed, EXTRA), ("currency",)))


def _told(of: str, placed: JsonObject, ordered: Sequence[JsonObject]) -> Iterator[tuple[str, Any, Any]]:
    """The lines of an order: id, the object that tells of it, and the record that it comes from."""
    if items := _items(placed):
        for number, item in enumerate(items, 1):
            if not (isinstance(item, dict) and first(item, ("gift_card",)) is True):  # which is money
                yield f"{of}/{number}", item, item
    else:
        yield from ((str(event["id"]), properties(event), event) for event in _of_one_integration(ordered))


def _items(event: JsonObject) -> list[Any]:
    """The lines that an event names as objects: its own, else those of the shop's order that it has with it."""
    for place in (properties(event), prop(event, EXTRA)):
        for name in ITEMS:
            found = first(place, (name,))
            if isinstance(found, dict) and any(normal(one) in map(normal, OF_LINE) for one in found):
                return [found]
            if isinstance(found, list) and any(isinstance(one, dict) for one in found):
                return found
    return []


def _of_one_integration(events: Sequence[JsonObject]) -> list[JsonObject]:
    """Of events with one name those of the metric that has most of them; another integration says the same again."""
    by_metric: dict[str, list[JsonObject]] = {}
    for event in events:
        by_metric.setdefault(metric_of(event) or "", []).append(event)
    return max((by_metric[name] for name in sorted(by_metric)), key=len, default=[])


def _line(line_id: str, item: Any, record: Any) -> Line:
    """A line. What it cost in all counts: its discount is what that is less than its pieces, or what is told of it."""
    if not isinstance(item, dict):
        raise Misshapen(f"the line {str(item)[:40]!r} is a name beside objects")
    pieces = first(item, ("Quantity",))
    quantity = _rounded(decimal(1 if pieces is None else pieces, "Quantity"))  # as it will be counted
    price, total = first(item, PRICE), first(item, TOTAL)
    if price is None and total is None:
        total = first(item, VALUE)
    if price is not None:
        unit_price: Decimal | None = decimal(price, "ItemPrice")
    elif total is not None and quantity > 0:
        unit_price = (decimal(total, "RowTotal") / quantity).quantize(FOUR_PLACES, ROUND_CEILING)
    elif total is not None:
        raise Misshapen(f"Quantity is {pieces}, so its price cannot be told")
    else:
        unit_price = None
    discount = _discount(item)
    if unit_price is not None and total is not None:
        discount = max(discount, unit_price * quantity - decimal(total, "RowTotal"))
    sku = text_of(first(item, ("SKU",)))
    has_product = any(normal(name) in map(normal, PRODUCT) for name in item)  # else `id` is the line's own
    product = product_of(first(item, PRODUCT if has_product else ("id",)))
    known = None if product == "0" else product  # rule 2.7
    return Line(line_id, known, sku, pieces is not None, quantity, unit_price, discount, record)


def _discount(item: JsonObject) -> Decimal:
    """What is told of a line's discount: Shopify's allocations have the order's discounts, too."""
    allocated = first(item, ("discount_allocations",))
    if isinstance(allocated, list) and allocated:
        return sum((decimal(first(one, ("amount",)), "discount") for one in allocated), ZERO)
    return decimal(first(item, DISCOUNT), "Discount")


def _line_row(account: str, of: str, line: Line) -> Row:
    values = {
        "account_id": account,
        "order_line_id": line.id,
        "order_id": of,
        "product_id": line.product_id,
        "sku": line.sku,
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "discount": line.discount,
        "refunded_amount": line.refunded,
    }
    return Row("order_lines", values, line.record)


def _given_back(lines: Sequence[Line], refund: JsonObject) -> list[Line]:
    """The lines after a refund, which names lines or the whole order, and says how much, or that all is given back."""
    named = dict.fromkeys((line.id for line in lines), ZERO)
    for item in (_line("", one, one) for one in _items(refund)):
        same = [line for line in lines if _is_of(item, line)]
        rest = item.left if item.unit_price is not None else _of_pieces(item, same)
        for line in same:
            amount = min(rest, line.left - named[line.id])
            named[line.id], rest = named[line.id] + amount, rest - amount
    if not any(named.values()):
        named = {line.id: line.left for line in lines}
    told, whole = prop(refund, VALUE), sum(named.values(), ZERO)
    share = min(abs(decimal(told, "$value")) / whole, Decimal(1)) if told is not None and whole else Decimal(1)
    found, before = list[Line](), ZERO
    for line in lines:
        after = before + named[line.id]
        amount = _rounded(after * share) - _rounded(before * share)  # so that all of them add up to the refund
        found.append(replace(line, refunded=line.refunded + amount))
        before = after
    return found


def _is_of(item: Line, line: Line) -> bool:
    """Whether an item of a refund is of the line: by SKU, which tells variants apart, else by product."""
    if item.sku and line.sku:
        return item.sku == line.sku
    return item.product_id is not None and item.product_id == line.product_id


def _of_pieces(item: Line, lines: Sequence[Line]) -> Decimal:
    """What was paid for as many pieces of the lines as the item has, of all where it does not say."""
    paid, pieces = sum((line.left for line in lines), ZERO), sum((line.quantity for line in lines), ZERO)
    return paid * item.quantity / pieces if item.names_pieces and item.quantity < pieces else paid


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(FOUR_PLACES, ROUND_HALF_UP)
