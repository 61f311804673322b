"""From Klaviyo's events to orders, their lines, and who placed them; pure functions.

Integrations tell of lines in different ways: objects in `Items`, titles there and the shop's own order in `$extra`, or
an event *Ordered Product* for each line. Refunds and cancellations are events of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from flows.sources.api import JsonObject, Part, Row, Unknown, parts_of
from flows.sources.api.rows import UNEXPECTED, reason
from flows.sources.klaviyo.lines import OF_LINE, VALUE, ZERO, Line, given_back, line_of, rounded
from flows.sources.klaviyo.properties import first, normal, only, product_id, text_of
from flows.sources.klaviyo.records import Event

# Kinds of events, and the table of which each is a row.
OF_ORDERS: Mapping[str, str] = {
    "placed_order": "orders",
    "ordered_product": "order_lines",
    "refunded_order": "orders",
    "cancelled_order": "orders",
}
ORDER_ID = ("OrderId", "Order ID")
EVENT_ID = ("$event_id",)
CURRENCY = ("$currency_code", "value_currency", "Currency", "Currency Code")
EXTRA = ("$extra",)
ITEMS = ("Items", "line_items", "Products", "order_items")
OF_ORDER = (*ORDER_ID, *EVENT_ID, *CURRENCY, *VALUE, *EXTRA, *ITEMS, *OF_LINE)


def kept(event: Event) -> JsonObject:
    """What is used of an event of an order: no address, no card, no note, neither its own nor the shop's."""
    found = event.kept_with(OF_ORDER)
    attributes = found["attributes"]
    given = {name: _kept_of(name, value) for name, value in attributes["event_properties"].items()}
    return {**found, "attributes": {**attributes, "event_properties": given}}


def _kept_of(name: str, value: Any) -> Any:
    """What is used of a property: of lines, and of the shop's own order that the event has with it."""
    if normal(name) in map(normal, EXTRA) and isinstance(value, Mapping):
        return {one: _kept_of(one, of) for one, of in only(value, (*ITEMS, "currency")).items()}
    if normal(name) in map(normal, ITEMS):
        return [only(one, OF_LINE) for one in value] if isinstance(value, list) else only(value, OF_LINE)
    return value


def order_of(event: Event) -> str | None:
    """The shop's id of the order that an event is of. In `$event_id`, what follows a colon is of the line."""
    if named := text_of(event.said(ORDER_ID)):
        return product_id(named)
    named = text_of(event.said(EVENT_ID))
    return product_id(named).partition(":")[0] if named else None


def order_rows(account: str, of: str, parts: Sequence[Part], currency: str | None) -> Iterator[Row]:
    """An order and its lines from all events of it; `currency` is that of orders of which no event names one.

    An order that two integrations report counts once: as the event says that tells most of it.
    """
    events: dict[str, list[Event]] = {}
    for part in parts:
        found, refused = parts_of(OF_ORDERS[part.kind], account, [part.record], lambda of: [Event.read(of, Unknown())])
        events.setdefault(part.kind, []).extend(found)
        yield from refused
    placed = sorted(events.get("placed_order", ()), key=lambda event: not _items(event))
    if not placed:
        return  # a product of an order that has not come yet
    cancelled = events.get("cancelled_order", ())
    values = {
        "account_id": account,
        "order_id": of,
        "placed_at": placed[0].happened,
        "currency": next(filter(None, map(_currency, placed)), currency),
        "profile_id": next((event.profile_id for event in placed if event.profile_id), None),
        "cancelled_at": next((event.happened for event in cancelled if event.happened), None),
    }
    lines, ids = list[Line](), list[str]()
    for line_id, item, record in _told(of, placed[0], events.get("ordered_product", ())):
        ids.append(line_id)
        try:
            lines.append(line_of(line_id, item, record))
        except UNEXPECTED as error:
            yield Row("order_lines", {"account_id": account}, record, refused=reason(error))
    yield Row("orders", {**values, "order_line_ids": ids or None}, placed[0].kept())
    for event in _of_one_integration(events.get("refunded_order", ())):
        try:
            lines = _given_back(lines, event)
        except UNEXPECTED as error:
            yield Row("order_lines", {"account_id": account}, event.kept(), refused=reason(error))
    yield from (_line_row(account, of, line) for line in lines)


def profile_rows(account: str, of: str, parts: Sequence[Part]) -> Iterator[Row]:
    """Who placed an order that another system brings."""
    for part in parts:
        if part.kind == "placed_order" and (profile := Event.read(part.record, Unknown()).profile_id):
            yield Row("order_profiles", {"account_id": account, "order_id": of, "profile_id": profile}, part.record)
            return


def _currency(placed: Event) -> str | None:
    return text_of(placed.said(CURRENCY)) or text_of(first(placed.said(EXTRA), ("currency",)))


def _told(of: str, placed: Event, ordered: Sequence[Event]) -> Iterator[tuple[str, Any, Any]]:
    """The lines of an order: id, the object that tells of it, and the record that it comes from."""
    if items := _items(placed):
        for number, item in enumerate(items, 1):
            if first(item, ("gift_card",)) is not True:  # which is money
                yield f"{of}/{number}", item, item
    else:
        yield from ((event.id, event.properties, event.kept()) for event in _of_one_integration(ordered))


def _items(event: Event) -> list[Any]:
    """The lines that an event names as objects: its own, else those of the shop's order that it has with it."""
    for place in (event.properties, event.said(EXTRA)):
        for name in ITEMS:
            found = first(place, (name,))
            if isinstance(found, dict) and any(normal(one) in map(normal, OF_LINE) for one in found):
                return [found]
            if isinstance(found, list) and any(isinstance(one, dict) for one in found):
                return found
    return []


def _of_one_integration(events: Sequence[Event]) -> list[Event]:
    """Of events with one name those of the metric that has most of them; another integration says the same again."""
    by_metric: dict[str, list[Event]] = {}
    for event in events:
        by_metric.setdefault(event.metric_id or "", []).append(event)
    return max((by_metric[name] for name in sorted(by_metric)), key=len, default=[])


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


def _given_back(lines: Sequence[Line], refund: Event) -> list[Line]:
    """The lines after a refund, which names lines or the whole order, and says how much, or that all is given back."""
    named = dict.fromkeys((line.id for line in lines), ZERO)
    for item in (line_of("", one, one) for one in _items(refund)):
        same = [line for line in lines if _is_of(item, line)]
        rest = item.left if item.unit_price is not None else _of_pieces(item, same)
        for line in same:
            amount = min(rest, line.left - named[line.id])
            named[line.id], rest = named[line.id] + amount, rest - amount
    if not any(named.values()):
        named = {line.id: line.left for line in lines}
    told, whole = given_back(refund.properties), sum(named.values(), ZERO)
    share = min(abs(told) / whole, Decimal(1)) if told is not None and whole else Decimal(1)
    found, before = list[Line](), ZERO
    for line in lines:
        after = before + named[line.id]
        amount = rounded(after * share) - rounded(before * share)  # so that all of them add up to the refund
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
