"""A Shopify shop: its GraphQL Admin API with points, cursors, tokens that run out, and bulk operations."""

from __future__ import annotations

import base64
import json
import re
import time
from datetime import UTC, datetime
from typing import Any

from tests.sources.fake_api import Answer, Asked, FakeApi
from tests.sources.fake_graphql import Asked as Field
from tests.sources.fake_graphql import Invalid, nodes, parse, price
from tests.sources.fake_shopify_bulk import BulkOperations, FakeStorage
from tests.sources.fake_shopify_schema import SCHEMA, money, order_of, stamp

TOKEN, ID, SECRET = "shpat_canary", "id_canary", "shpss_canary"
VERSIONS = {"2026-01", "2026-04", "2026-07", "2026-10"}


class FakeShopify(FakeApi):
    """`maximum` and `rate` are of the bucket of points; `polls`: a bulk operation is done when asked about so often."""

    def __init__(self, *, maximum: float = 2000, rate: float = 100_000, polls: int = 1, **more: Any) -> None:
        super().__init__(**more)
        self.storage = FakeStorage()
        self.records: dict[str, dict[int, dict[str, Any]]] = {"orders": {}, "products": {}}
        self.tokens = {TOKEN}
        self.scopes = ["read_orders", "read_products", "read_all_orders"]
        self.throttled = 0
        self.limit = 1000  # points of one query
        self.ceiling = 25_000  # records that cursors reach
        self.internal = 0  # so many answers are an error of the server's own, with status 200
        self.moved: str | None = None  # where a shop with another name is now
        self.queries: list[str] = []
        self.bulk = BulkOperations(self.storage, polls, self._found, self._object)
        self.maximum, self.rate = maximum, rate
        self._available, self._at = maximum, time.monotonic()
        self._actual = 0

    def __enter__(self) -> Any:
        self.storage.__enter__()
        return super().__enter__()

    def __exit__(self, *error: object) -> None:
        self.storage.__exit__(*error)
        super().__exit__(*error)

    def answer(self, asked: Asked) -> Answer:
        if asked.path == "/admin/oauth/access_token":
            return self._token(asked)
        if self.moved:
            return Answer(301, {}, {"Location": f"{self.moved}{asked.path}"})
        match = re.fullmatch(r"/admin/api/([^/]+)/graphql\.json", asked.path)
        if match is None or match[1] not in VERSIONS or asked.method != "POST":
            return Answer(404, {"errors": "Not Found"})
        if asked.headers.get("x-shopify-access-token") not in self.tokens:
            message = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return Answer(401, {"errors": message})
        if not asked.headers.get("content-type", "").startswith("application/json"):
            return Answer(400, {"errors": {"query": "Required parameter missing or invalid"}})
        try:
            return self._graphql(asked.json())
        except Invalid as error:
            extensions = {"extensions": {"code": error.code}} if error.code else {}
            return Answer(200, {"errors": [{"message": str(error), **extensions}]})

    def drain(self) -> None:
        """Somebody else takes all the points there are."""
        self._available, self._at = 0.0, time.monotonic()

    def expire_tokens(self) -> None:
        self.tokens = set()

    def _token(self, asked: Asked) -> Answer:
        given = asked.json()
        if given != {"client_id": ID, "client_secret": SECRET, "grant_type": "client_credentials"}:
            return Answer(401, {"error": "invalid_client"})
        self.tokens = {f"shpat_{len(self.asked)}"}
        return Answer(200, {"access_token": min(self.tokens), "scope": ",".join(self.scopes), "expires_in": 86399})

    def _graphql(self, body: Any) -> Answer:
        variables = body.get("variables") or {}
        self.queries.append(body["query"])
        kind, asked = parse(body["query"], variables)
        root = "Mutation" if kind == "mutation" else "Query"
        requested = price(SCHEMA, root, asked) + (10 if root == "Mutation" else 0)
        if requested > self.limit:
            message = f"Query cost is {requested}, which exceeds the single query max cost limit ({self.limit})."
            raise Invalid(message, "MAX_COST_EXCEEDED")
        for one in asked:
            if one.name in self.records and not {f"read_{one.name}", f"write_{one.name}"} & set(self.scopes):
                message = f"Access denied for {one.name} field. Required access: `read_{one.name}` access scope."
                raise Invalid(message, "ACCESS_DENIED")
        if self.internal > 0:
            self.internal -= 1
            raise Invalid("Internal error. Looks like something went wrong on our end.", "INTERNAL_SERVER_ERROR")
        now = time.monotonic()
        self._available = min(self.maximum, self._available + self.rate * (now - self._at))
        self._at = now
        if requested > self._available:
            self.throttled += 1
            errors = [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]
            return Answer(200, {"errors": errors, "extensions": self._cost(requested, None)})
        self._actual = 0
        data = {one.name: self._root(one) for one in asked}
        self._available -= self._actual
        return Answer(200, {"data": data, "extensions": self._cost(requested, self._actual)})

    def _cost(self, requested: int, actual: int | None) -> Any:
        state = {"maximumAvailable": self.maximum, "currentlyAvailable": self._available, "restoreRate": self.rate}
        return {"cost": {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": state}}

    def _root(self, one: Field) -> Any:
        if one.name in self.records:
            return self._connection(one, self._found(one), SCHEMA["Query"][one.name][:-1])
        if one.name == "shop":
            return self._object(one.of, "Shop", {"id": "gid://shopify/Shop/1", "name": "A shop", "currencyCode": "EUR"})
        if one.name == "currentAppInstallation":
            scopes = {"accessScopes": [{"handle": scope} for scope in self.scopes]}
            return self._object(one.of, "AppInstallation", scopes)
        if one.name == "productByIdentifier":
            handle = one.arguments["identifier"]["handle"]
            named = [each for each in self.records["products"].values() if each["handle"] == handle]
            return self._object(one.of, "Product", named[0]) if named else None
        if one.name == "bulkOperationRunQuery":
            return self._object(one.of, "Run", self.bulk.run(one.arguments["query"], self.now()))
        found = [self._node(gid) for gid in one.arguments.get("ids") or [one.arguments.get("id")]]
        answered = [node and self._object(one.of, re.split("/", gid)[3], node) for gid, node in found]
        return answered if one.name == "nodes" else answered[0]

    def _node(self, gid: str) -> tuple[str, Any]:
        kind = gid.split("/")[3]
        if kind == "BulkOperation":
            return gid, self.bulk.progress(gid)
        orders = self.records["orders"].values()
        if kind == "Order":
            return gid, next((one for one in orders if one["id"] == gid), None)
        return gid, next((refund for one in orders for refund in one["refunds"] if refund["id"] == gid), None)

    def _found(self, one: Field) -> list[dict[str, Any]]:
        records = list(self.records[one.name].values())
        if since := one.arguments.get("query"):
            match = re.fullmatch(r"updated_at:>='(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)'", since)
            if match is None:
                raise Invalid(f"this search is not understood: {since}")
            records = [record for record in records if record["updatedAt"] >= match[1]]
        if one.arguments.get("sortKey") == "UPDATED_AT":
            return sorted(records, key=lambda record: (record["updatedAt"], record["id"]))
        return sorted(records, key=lambda record: record["id"])

    def _connection(self, one: Field, records: list[dict[str, Any]], kind: str) -> Any:
        """A page; the cursor of orders and products holds where it stands in the order, that of others a number."""
        after, first = one.arguments.get("after"), one.arguments["first"]
        cursors = [
            (record.get("updatedAt", ""), index if "updatedAt" not in record else record["id"])
            for index, record in enumerate(records)
        ]
        if after:
            last = tuple(json.loads(base64.b64decode(after)))
            if sum(cursor <= last for cursor in cursors) + first > self.ceiling:
                raise Invalid("Pagination ends after 25,000 objects")
            records = [record for record, cursor in zip(records, cursors, strict=True) if cursor > last]
            cursors = [cursor for cursor in cursors if cursor > last]
        page = records[:first]
        end = base64.b64encode(json.dumps(cursors[len(page) - 1]).encode()).decode() if page else None
        self._actual += 2
        answered = [self._object(nodes(one), kind, record) for record in page]
        if answered and len(records) > first and self._rng.random() < self.faults:
            answered.append(answered[-1])  # a page that repeats its last row
        return {"nodes": answered, "pageInfo": {"hasNextPage": len(records) > first, "endCursor": end}}

    def _object(self, asked: list[Field], kind: str, record: Any) -> Any:
        self._actual += 1
        answer: dict[str, Any] = {}
        for one in asked:
            if one.on is not None:
                answer |= self._object(one.of, one.on, record) if one.on == record.get("_kind", kind) else {}
                continue
            of = SCHEMA[kind][one.name]
            value: Any = record[one.name] if record else None
            if of.endswith("*"):
                answer[one.name] = self._connection(one, value, of[:-1])
            elif of.startswith("["):
                answer[one.name] = [self._object(one.of, of.strip("[]"), part) for part in value]
            else:
                answer[one.name] = self._object(one.of, of, value) if of and value is not None else value
        return answer

    def now(self) -> datetime:
        return datetime(2026, 6, 2, tzinfo=UTC)

    # what stands in the shop

    def order(self, number: int, at: datetime, **more: Any) -> dict[str, Any]:
        """Add an order of two lines, or change it; `at` is when it changed."""
        known = self.records["orders"].get(number, {})
        self.records["orders"][number] = order_of(number, at) | known | {"updatedAt": stamp(at)} | more
        return self.records["orders"][number]

    def refund(self, number: int, of_line: int, amount: str, quantity: int = 1) -> dict[str, Any]:
        """Give back part of an order; the order's own stamp is not moved here."""
        refund = {
            "id": f"gid://shopify/Refund/{number}{of_line}{len(self.records['orders'][number]['refunds'])}",
            "createdAt": stamp(datetime(2026, 5, 20, tzinfo=UTC)),
            "totalRefundedSet": money(amount),
            "refundLineItems": [
                {
                    "id": f"gid://shopify/RefundLineItem/{of_line}",
                    "quantity": quantity,
                    "restockType": "RETURN",
                    "lineItem": {"id": f"gid://shopify/LineItem/{of_line}"},
                    "subtotalSet": money(amount),
                    "totalTaxSet": money("0.5"),
                }
            ],
        }
        self.records["orders"][number]["refunds"].append(refund)
        for one in self.records["orders"][number]["lineItems"]:
            if one["id"].endswith(f"/{of_line}"):
                one["currentQuantity"] -= quantity
        return refund

    def product(self, number: int, at: datetime, **more: Any) -> None:
        self.records["products"][number] = {
            "id": f"gid://shopify/Product/{number}",
            "title": f"Product {number}",
            "handle": f"product-{number}",
            "status": "ACTIVE",
            "isGiftCard": False,
            "onlineStoreUrl": f"https://shop.example/products/product-{number}",
            "createdAt": stamp(at),
            "updatedAt": stamp(at),
        } | more
