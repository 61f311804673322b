"""What is asked, in GraphQL. Only what `read_orders` and `read_products` allow; no customers."""

from __future__ import annotations

import json
from datetime import UTC, datetime

MONEY = "{ shopMoney { amount currencyCode } }"

LINE = f"""id sku name quantity currentQuantity isGiftCard product {{ id }} variant {{ id }}
  originalTotalSet {MONEY} discountAllocations {{ allocatedAmountSet {MONEY} }}"""

# `refunds` is a list; a bulk operation refuses the connection that each of them has, so they are asked for by id.
ORDER = f"""id name createdAt processedAt updatedAt cancelledAt cancelReason test email phone currencyCode
  presentmentCurrencyCode taxesIncluded displayFinancialStatus sourceName customAttributes {{ key value }}
  totalRefundedSet {MONEY} totalTipReceivedSet {MONEY} refunds {{ id }}"""

REFUND = f"""id createdAt totalRefundedSet {MONEY} refundLineItems(first: $lines, after: $after) {{
  nodes {{ quantity restockType lineItem {{ id }} subtotalSet {MONEY} totalTaxSet {MONEY} }}
  pageInfo {{ hasNextPage endCursor }} }}"""

PRODUCT = "id title handle status isGiftCard onlineStoreUrl createdAt updatedAt"

LINES = f"lineItems(first: $lines, after: $after) {{ nodes {{ {LINE} }} pageInfo {{ hasNextPage endCursor }} }}"

CHECK = "query Check { shop { name currencyCode } currentAppInstallation { accessScopes { handle } } }"
CHECK_ROWS = "query CheckRows { orders(first: 1) { nodes { id email } } products(first: 1) { nodes { id } } }"

_PAGE = """query Changed($first: Int!, $after: String, $query: String%s) {
  %s(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes { %s } pageInfo { hasNextPage endCursor } } }"""
CHANGED = {
    "orders": _PAGE % (", $lines: Int!", "orders", f"{ORDER} {LINES.replace(', after: $after', '')}"),
    "products": _PAGE % ("", "products", PRODUCT),
}
LINES_OF = f"query Lines($id: ID!, $lines: Int!, $after: String) {{ node(id: $id) {{ ... on Order {{ {LINES} }} }} }}"
REFUNDS = f"""query Refunds($ids: [ID!]!, $lines: Int!, $after: String) {{
  nodes(ids: $ids) {{ ... on Refund {{ {REFUND} }} }} }}"""

OPERATION = "id status errorCode createdAt objectCount fileSize url"
BULK_RUN = f"""mutation Run($query: String!) {{ bulkOperationRunQuery(query: $query) {{
  bulkOperation {{ {OPERATION} }} userErrors {{ field message code }} }} }}"""
BULK_STATE = f"query State($id: ID!) {{ node(id: $id) {{ ... on BulkOperation {{ {OPERATION} }} }} }}"


def bulk(kind: str, since: datetime | None) -> str:
    """The query of a bulk operation; it takes no variables."""
    lines = f"lineItems {{ edges {{ node {{ {LINE} }} }} }}" if kind == "orders" else ""
    fields = f"{ORDER} {lines}" if kind == "orders" else PRODUCT
    arguments = f"(query: {json.dumps(changed_since(since))})" if since else ""
    return f"{{ {kind}{arguments} {{ edges {{ node {{ {fields} }} }} }} }}"


def changed_since(since: datetime) -> str:
    """A filter of the search syntax, to the second."""
    return f"updated_at:>='{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"
