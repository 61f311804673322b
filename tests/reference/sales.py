"""Chapter 5: touches, and the order lines that they brought."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from tests.reference.counted import Shop
from tests.reference.landing import FOUR_PLACES, WIDE, Row
from tests.reference.shoppers import Shopper, Shoppers
from tests.reference.threads import Thread

NOTHING = Decimal("0.0000")
RANK = {"click": 0, "open": 1, "delivery": 2, "inferred": 3}  # 5.2 click before open before delivery
WINDOWS = {  # 5.1 email and WhatsApp have no touches
    ("web_chat", "click"): "web_chat_click_window_hours",
    ("sms", "click"): "sms_click_window_hours",
    ("sms", "open"): "sms_open_window_hours",
    ("sms", "delivery"): "sms_delivery_window_hours",
}


@dataclass(frozen=True)
class Touch:
    kind: str
    id: str
    at: datetime
    product_id: str
    shopper: Shopper
    thread: Thread
    hours: int


def touches(shop: Shop, threads: list[Thread], shoppers: Shoppers) -> list[Touch]:
    """5.1"""
    found: list[Touch] = []
    threads_by_id = {thread.id: thread for thread in threads}

    def add(kind: str, touch_id: str, at: datetime, products: list[str], shopper: Shopper, thread: Thread) -> None:
        window = WINDOWS.get((thread.conversation["channel"], kind))
        hours = shop.account[window] if window else 0
        if hours > 0:
            found.extend(
                Touch(kind, touch_id, at, product, shopper, thread, hours) for product in sorted(set(products))
            )

    for row in shop.rows["interactions"]:
        thread = threads_by_id.get(row["conversation_id"])
        if thread is None:
            continue
        shopper = shoppers.of_interaction(row, thread)
        click_types = {"product_card_click", "link_click"}
        if thread.conversation["channel"] == "web_chat":
            click_types = {"product_card_click"}
        if row["type"] in click_types and row["product_id"] is not None:
            add("click", row["interaction_id"], row["occurred_at"], [row["product_id"]], shopper, thread)
        if row["type"] == "message_opened":
            for message in thread.recommending:  # an agent message of the same conversation
                if message["message_id"] == row["message_id"]:
                    products = message["recommended_product_ids"]
                    add("open", row["interaction_id"], row["occurred_at"], products, shopper, thread)
    for thread in threads:
        for message in thread.recommending:
            shopper = shoppers.of_conversation(thread)
            products = message["recommended_product_ids"]
            add("delivery", message["message_id"], message["sent_at"], products, shopper, thread)
    return found


def inferred_touches(shop: Shop, threads: list[Thread], shoppers: Shoppers) -> list[Touch]:
    """5.6"""
    minutes, hours = shop.account["inferred_touch_minutes"], shop.account["inferred_window_hours"]
    found = []
    for event in shop.rows["product_events"]:
        shopper = shoppers.of_product_event(event)
        recommended = [
            (message, thread)
            for thread in threads
            for message in thread.recommending
            if event["product_id"] in message["recommended_product_ids"]
            and message["sent_at"] <= event["occurred_at"] <= message["sent_at"] + timedelta(minutes=minutes)
            and shopper.is_same(shoppers.of_conversation(thread))
        ]
        if minutes and hours and recommended:
            last = max(message["sent_at"] for message, _ in recommended)
            _, thread = min(
                (one for one in recommended if one[0]["sent_at"] == last), key=lambda one: str(one[0]["message_id"])
            )
            at, product = event["occurred_at"], event["product_id"]
            found.append(Touch("inferred", event["product_event_id"], at, product, shopper, thread, hours))
    return found


def last_touch(touches: list[Touch], product_id: str, shopper: Shopper, placed_at: datetime) -> Touch | None:
    """5.2"""
    candidates = [
        touch
        for touch in touches
        if touch.product_id == product_id
        and touch.shopper.is_same(shopper)
        and touch.at <= placed_at <= touch.at + timedelta(hours=touch.hours)
    ]
    if not candidates:
        return None
    last = max(touch.at for touch in candidates)
    return min((touch for touch in candidates if touch.at == last), key=lambda touch: (RANK[touch.kind], touch.id))


def order_lines(shop: Shop, shoppers: Shoppers) -> list[Row]:
    """The rows of `order_lines`."""
    orders = {row["order_id"]: row for row in shop.rows["orders"]}
    rows = []
    for line in shop.rows["order_lines"]:
        order = orders[line["order_id"]]
        full = WIDE.multiply(line["quantity"], line["unit_price"]).quantize(FOUR_PLACES, ROUND_HALF_UP, context=WIDE)
        paid = WIDE.subtract(full, line["discount"])
        revenue = max(paid, NOTHING)  # 5.4
        is_cancelled = cancelled_at(shop, order) is not None
        rows.append(
            {
                "account_id": shop.account["account_id"],
                "order_line_id": line["order_line_id"],
                "order_id": order["order_id"],
                "product_id": line["product_id"],
                "profile_id": shoppers.of_order(order).profile_id,
                "placed_at": order["placed_at"],
                "placed_on": shop.on(order["placed_at"]),
                "quantity": line["quantity"],
                "revenue": revenue,
                "net_revenue": NOTHING if is_cancelled else max(revenue - line["refunded_amount"], NOTHING),
                "currency": order["currency"],
            }
        )
    return rows


def cancelled_at(shop: Shop, order: Row) -> datetime | None:
    """1.3 Once as-of has reached it."""
    at: datetime | None = order["cancelled_at"]
    return at if at is not None and at <= shop.as_of else None


def orders(shop: Shop, shoppers: Shoppers) -> list[Row]:
    """The rows of `orders`."""
    lines = order_lines(shop, shoppers)
    rows = []
    for order in shop.rows["orders"]:
        own = [line for line in lines if line["order_id"] == order["order_id"]]
        rows.append(
            {
                "account_id": shop.account["account_id"],
                "order_id": order["order_id"],
                "profile_id": shoppers.of_order(order).profile_id,
                "placed_at": order["placed_at"],
                "placed_on": shop.on(order["placed_at"]),
                "cancelled_at": cancelled_at(shop, order),
                "line_count": len(own),
                "revenue": sum((line["revenue"] for line in own), NOTHING),
                "net_revenue": sum((line["net_revenue"] for line in own), NOTHING),
                "currency": order["currency"],
            }
        )
    return rows


def attributed_lines(shop: Shop, threads: list[Thread], shoppers: Shoppers) -> list[Row]:
    """The rows of `attributed_order_lines`."""
    real, inferred = touches(shop, threads, shoppers), inferred_touches(shop, threads, shoppers)
    orders = {row["order_id"]: row for row in shop.rows["orders"]}
    rows = []
    for line in order_lines(shop, shoppers):
        buyer = shoppers.of_order(orders[line["order_id"]])
        asked = (line["product_id"], buyer, line["placed_at"])
        touch = last_touch(real, *asked) or last_touch(inferred, *asked)
        if touch is not None:
            found = {
                "profile_id": buyer.profile_id or touch.shopper.profile_id,
                "conversation_id": touch.thread.id,
                "channel": touch.thread.conversation["channel"],
                "touch_type": touch.kind,
                "touch_id": touch.id,
                "touched_at": touch.at,
            }
            rows.append({**line, **found})
    return rows
