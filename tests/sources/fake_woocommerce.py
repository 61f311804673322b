"""A WooCommerce shop: orders with refunds, products, pages by number that drift while records change."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import Any

from tests.sources.fake_api import Answer, Asked, FakeApi

KEY, SECRET = "ck_canary", "cs_canary"
KNOWN = {"per_page", "page", "orderby", "order", "modified_after", "modified_before", "dates_are_gmt", "status"}


class FakeWooCommerce(FakeApi):
    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.records: dict[str, list[dict[str, Any]]] = {"orders": [], "products": []}
        self.refunds: dict[int, list[dict[str, Any]]] = {}
        self.deleted: set[int] = set()  # orders that are listed a last time
        self.left_out: set[int] = set()  # orders that a plugin takes out of the pages, which are counted with them
        self.key, self.secret = KEY, SECRET
        self.statuses = {"pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "trash"}
        self.ordered_by = {"date", "id", "include", "title", "slug", "modified"}

    def answer(self, asked: Asked) -> Answer:
        given = base64.b64encode(f"{self.key}:{self.secret}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {given}":
            return Answer(401, {"code": "woocommerce_rest_cannot_view", "message": "Sorry, you cannot list resources."})
        if match := re.fullmatch(r"/wp-json/wc/v3/orders/(\d+)/refunds", asked.path):
            if int(match[1]) in self.deleted:
                return Answer(404, {"code": "woocommerce_rest_invalid_order_id", "message": "Invalid order ID."})
            return Answer(200, self.refunds.get(int(match[1]), []))
        match = re.fullmatch(r"/wp-json/wc/v3/(orders|products)", asked.path)
        if match is None:
            return Answer(404, {"code": "rest_no_route", "message": "No route was found."})
        wrong = sorted(asked.params.keys() - KNOWN)
        size, page = int(asked.params.get("per_page", 10)), int(asked.params.get("page", 1))
        if wrong or not 1 <= size <= 100 or page < 1 or asked.params.get("orderby", "date") not in self.ordered_by:
            return Answer(400, {"code": "rest_invalid_param", "message": f"Invalid parameter(s): {wrong}"})
        found = self.records[match[1]]
        if after := asked.params.get("modified_after"):
            if asked.params.get("dates_are_gmt") != "true":  # the site is nine hours ahead
                after = after.replace("T0", "T1")
            found = [one for one in found if one["date_modified_gmt"] > after]
        if (statuses := set(asked.params.get("status", "any").split(","))) != {"any"}:
            if statuses - self.statuses:
                return Answer(400, {"code": "rest_invalid_param", "message": "Invalid parameter(s): status"})
            found = [one for one in found if str(one["status"]) in statuses]
        name = {"modified": "date_modified_gmt", "id": "id"}.get(asked.params.get("orderby", ""), "date_created_gmt")
        found = sorted(found, key=lambda one: (str(one[name]), one["id"]), reverse=asked.params.get("order") != "asc")
        pages = -(-len(found) // size)
        answer = [one for one in found[(page - 1) * size : page * size] if one["id"] not in self.left_out]
        return Answer(200, answer, {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(pages)})

    def order(self, number: int, at: datetime, **more: Any) -> dict[str, Any]:
        """Add an order of two lines, or change it; `at` is when it changed."""
        self.records["orders"] = [one for one in self.records["orders"] if one["id"] != number]
        order: dict[str, Any] = {
            "id": number,
            "status": "completed",
            "currency": "EUR",
            "date_created_gmt": stamp(datetime(2026, 5, 1, 10, number % 60, tzinfo=UTC)),
            "date_modified_gmt": stamp(at),
            "customer_id": 7,
            "billing": {
                "email": f"shopper{number}@example.com",
                "phone": f"+49 151 {number:07}",
                "address_1": "A private lane",
            },
            "line_items": [
                line(number * 10 + 1, product=1, quantity=3, subtotal="10.00", total="10.00"),
                line(number * 10 + 2, product=2, quantity=1, subtotal="20.00", total="15.50", sku="B-2"),
            ],
            "refunds": [],
        } | more
        self.records["orders"].append(order)
        return order

    def refund(self, number: int, of_line: int, total: str, at: datetime) -> None:
        self.refunds.setdefault(number, []).append(
            {
                "id": 900 + of_line,
                "line_items": [
                    {"id": 1, "total": f"-{total}", "meta_data": [{"key": "_refunded_item_id", "value": str(of_line)}]}
                ],
            }
        )
        self.order(number, at, refunds=[{"id": 900 + of_line, "reason": "", "total": f"-{total}"}])

    def product(self, number: int, at: datetime) -> None:
        self.records["products"].append(
            {
                "id": number,
                "name": f"Product {number}",
                "permalink": f"{self.url}/product/{number}",
                "date_created_gmt": stamp(at),
                "date_modified_gmt": stamp(at),
            }
        )


def line(number: int, *, product: int, quantity: int, subtotal: str, total: str, sku: str | None = None) -> Any:
    return {
        "id": number,
        "product_id": product,
        "variation_id": 0,
        "quantity": quantity,
        "sku": sku,
        "subtotal": subtotal,
        "total": total,
        "price": float(total) / max(quantity, 1),
    }


def stamp(at: datetime) -> str:
    """UTC to the second, without an offset, as the fields that end in `_gmt` have it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
