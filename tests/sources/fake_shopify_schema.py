"""What a Shopify shop knows of orders and products: the part of its schema that is needed, and records of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def _scalars(names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), "")


SCHEMA = {
    "Query": {
        "orders": "Order*",
        "products": "Product*",
        "productByIdentifier": "Product",
        "node": "Node",
        "nodes": "[Node]",
        "shop": "Shop",
        "currentAppInstallation": "AppInstallation",
    },
    "Mutation": {"bulkOperationRunQuery": "Run"},
    "Run": {"bulkOperation": "BulkOperation", "userErrors": "[UserError]"},
    "UserError": _scalars("field message code"),
    "BulkOperation": dict.fromkeys(
        ("id", "status", "errorCode", "createdAt", "completedAt", "objectCount", "fileSize", "url", "partialDataUrl"),
        "",
    ),
    "Node": {"id": ""},
    "Shop": _scalars("id name currencyCode"),
    "AppInstallation": {"accessScopes": "[AccessScope]"},
    "AccessScope": {"handle": ""},
    "Order": {
        **_scalars(
            "id legacyResourceId name createdAt processedAt updatedAt cancelledAt cancelReason test email phone "
            "currencyCode presentmentCurrencyCode taxesIncluded displayFinancialStatus sourceName"
        ),
        "customAttributes": "[Attribute]",
        "totalRefundedSet": "MoneyBag",
        "totalTipReceivedSet": "MoneyBag",
        "refunds": "[Refund]",
        "lineItems": "LineItem*",
        "customerJourneySummary": "CustomerJourneySummary",
    },
    "CustomerJourneySummary": {"ready": "", "momentsCount": "Count", "moments": "CustomerMoment*"},
    "Count": {"count": "", "precision": ""},
    "CustomerMoment": {"occurredAt": ""},
    "CustomerVisit": {
        "id": "",
        "occurredAt": "",
        "landingPage": "",
        "referrerUrl": "",
        "utmParameters": "UTMParameters",
    },
    "UTMParameters": _scalars("source medium campaign content term"),
    "LineItem": {
        **_scalars("id sku name quantity currentQuantity isGiftCard"),
        "product": "Product",
        "variant": "ProductVariant",
        "originalTotalSet": "MoneyBag",
        "originalUnitPriceSet": "MoneyBag",
        "discountedTotalSet": "MoneyBag",
        "discountAllocations": "[DiscountAllocation]",
        "customAttributes": "[Attribute]",
    },
    "DiscountAllocation": {"allocatedAmountSet": "MoneyBag"},
    "Refund": {"id": "", "createdAt": "", "totalRefundedSet": "MoneyBag", "refundLineItems": "RefundLineItem*"},
    "RefundLineItem": {
        "id": "",
        "quantity": "",
        "restockType": "",
        "lineItem": "LineItem",
        "subtotalSet": "MoneyBag",
        "totalTaxSet": "MoneyBag",
    },
    "Product": _scalars("id title handle status isGiftCard onlineStoreUrl createdAt updatedAt"),
    "ProductVariant": {"id": "", "sku": ""},
    "Attribute": {"key": "", "value": ""},
    "MoneyBag": {"shopMoney": "MoneyV2", "presentmentMoney": "MoneyV2"},
    "MoneyV2": {"amount": "", "currencyCode": ""},
}


def line(
    number: int,
    *,
    product: int | None,
    quantity: int,
    total: str,
    discounts: tuple[str, ...] = (),
    sku: str | None = None,
    current: int | None = None,
    is_gift_card: bool = False,
    attributes: dict[str, str] | None = None,
) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/LineItem/{number}",
        "sku": sku,
        "name": f"Line {number}",
        "quantity": quantity,
        "isGiftCard": is_gift_card,
        "currentQuantity": quantity if current is None else current,
        "product": {"id": f"gid://shopify/Product/{product}"} if product else None,
        "variant": {"id": f"gid://shopify/ProductVariant/{product}9"} if product else None,
        "originalTotalSet": money(total),
        "originalUnitPriceSet": money(f"{float(total) / max(quantity, 1):.2f}"),
        "discountedTotalSet": money(total),
        "discountAllocations": [{"allocatedAmountSet": money(amount)} for amount in discounts],
        "customAttributes": [{"key": key, "value": value} for key, value in (attributes or {}).items()],
    }


def visit(number: int, at: datetime, landing_page: str | None, **utm: str) -> dict[str, Any]:
    return {
        "_kind": "CustomerVisit",
        "id": f"gid://shopify/CustomerVisit/{number}",
        "occurredAt": stamp(at),
        "landingPage": landing_page,
        "referrerUrl": None,
        "utmParameters": {**dict.fromkeys(SCHEMA["UTMParameters"]), **utm} if utm else None,
    }


def journey(*moments: dict[str, Any], counted: bool = True, ready: bool = True) -> dict[str, Any]:
    """What led to an order; where it is not `counted`, the shop does not say how much."""
    count = {"count": len(moments), "precision": "EXACT"} if counted else None
    return {"ready": ready, "momentsCount": count, "moments": list(moments)}


def money(amount: str) -> dict[str, Any]:
    """A MoneyBag of a shop that counts in EUR, seen by a shopper who pays in JPY."""
    presentment = {"amount": f"{float(amount) * 160:.1f}", "currencyCode": "JPY"}
    return {"shopMoney": {"amount": amount, "currencyCode": "EUR"}, "presentmentMoney": presentment}


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def order_of(number: int, at: datetime) -> dict[str, Any]:
    """An order of two lines."""
    return {
        "id": f"gid://shopify/Order/{number}",
        "legacyResourceId": str(number),
        "name": f"#{number}",
        "createdAt": stamp(datetime(2026, 5, 1, 10, number % 60, tzinfo=UTC)),
        "processedAt": stamp(datetime(2026, 5, 1, 10, number % 60, tzinfo=UTC)),
        "cancelledAt": None,
        "cancelReason": None,
        "test": False,
        "email": f"shopper{number}@example.com",
        "phone": f"+49 151 {number:07}",
        "currencyCode": "EUR",
        "presentmentCurrencyCode": "JPY",
        "taxesIncluded": True,
        "displayFinancialStatus": "PAID",
        "sourceName": "web",
        "customAttributes": [],
        "totalRefundedSet": money("0.0"),
        "totalTipReceivedSet": money("0.0"),
        "refunds": [],
        "customerJourneySummary": None,
        "lineItems": [
            line(number * 10 + 1, product=1, quantity=3, total="10.0"),
            line(number * 10 + 2, product=2, quantity=1, total="20.0", discounts=("3.0", "1.5"), sku="B-2"),
        ],
        "updatedAt": stamp(at),
    }
