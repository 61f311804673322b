"""What is asked, in GraphQL. Only what `read_orders` and `read_products` allow; no customers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

MONEY = "{ shopMoney { amount currencyCode } }"

_LINE = f"""id sku name quantity currentQuantity isGiftCard product {{ id }} variant {{ id }}
  originalTotalSet {MONEY} discountAllocations {{ allocatedAmountSet {MONEY} }}"""

# `refunds` is a list; a bulk operation refuses the connection that each of them has, so they are asked for by id.
_ORDER = f"""id name createdAt processedAt updatedAt cancelledAt test email phone currencyCode
  taxesIncluded displayFinancialStatus
  totalRefundedSet {MONEY} totalTipReceivedSet {MONEY} refunds {{ id }}"""

REFUND = f"""id createdAt totalRefundedSet {MONEY} refundLineItems(first: $lines, after: $after) {{
  nodes {{ quantity restockType lineItem {{ id }} subtotalSet {MONEY} totalTaxSet {MONEY} }}
  pageInfo {{ hasNextPage endCursor }} }}"""

PRODUCT = "id title handle status isGiftCard onlineStoreUrl createdAt updatedAt"

CHECK = "query Check { shop { currencyCode } currentAppInstallation { accessScopes { handle } } }"

_PAGE = """query Changed($first: Int!, $after: String, $query: String%s) {
  %s(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes { %s } pageInfo { hasNextPage endCursor } } }"""
REFUNDS = f"""query Refunds($ids: [ID!]!, $lines: Int!, $after: String) {{
  nodes(ids: $ids) {{ ... on Refund {{ {REFUND} }} }} }}"""
# Kinds of moments other than visits are left empty.
VISITS = """query Visits($ids: [ID!]!, $lines: Int!, $after: String) {
  nodes(ids: $ids) { ... on Order { id customerJourneySummary { ready moments(first: $lines, after: $after) {
    nodes { ... on CustomerVisit { id occurredAt landingPage utmParameters { source medium campaign content term } } }
    pageInfo { hasNextPage endCursor } } } } } }"""

PRODUCT_OF = "query Product($of: ProductIdentifierInput!) { productByIdentifier(identifier: $of) { id } }"

OPERATION = "id status errorCode createdAt objectCount fileSize url"
BULK_RUN = f"""mutation Run($query: String!) {{ bulkOperationRunQuery(query: $query) {{
  bulkOperation {{ {OPERATION} }} userErrors {{ message code }} }} }}"""
BULK_STATE = f"query State($id: ID!) {{ node(id: $id) {{ ... on BulkOperation {{ {OPERATION} }} }} }}"


class Queries:
    """The queries whose fields depend on the settings: what is not used is not asked for."""

    def __init__(self, *, has_visits: bool, has_attributes: bool) -> None:
        """`has_visits`: whether orders say if they have visits; `has_attributes`: whether lines have attributes."""
        self._order = _ORDER + (" customerJourneySummary { ready momentsCount { count } }" if has_visits else "")
        self._line = _LINE + (" customAttributes { key value }" if has_attributes else "")
        lines = f"lineItems(first: $lines%s) {{ nodes {{ {self._line} }} pageInfo {{ hasNextPage endCursor }} }}"
        self.changed: Mapping[str, str] = {
            "orders": _PAGE % (", $lines: Int!", "orders", f"{self._order} {lines % ''}"),
            "products": _PAGE % ("", "products", PRODUCT),
        }
        self.lines_of = f"""query Lines($ids: [ID!]!, $lines: Int!, $after: String) {{
  nodes(ids: $ids) {{ ... on Order {{ id {lines % ", after: $after"} }} }} }}"""
        journey = " customerJourneySummary { ready }" if has_visits else ""
        order = f"orders(first: 1) {{ nodes {{ id email phone{journey} }} }}"
        self.check_rows = f"query CheckRows {{ {order} products(first: 1) {{ nodes {{ id }} }} }}"

    def bulk(self, kind: str, since: datetime | None) -> str:
        """The query of a bulk operation; it takes no variables."""
        lines = f"lineItems {{ edges {{ node {{ {self._line} }} }} }}" if kind == "orders" else ""
        fields = f"{self._order} {lines}" if kind == "orders" else PRODUCT
        arguments = f"(query: {json.dumps(changed_since(since))})" if since else ""
        return f"{{ {kind}{arguments} {{ edges {{ node {{ {fields} }} }} }} }}"


def changed_since(since: datetime) -> str:
    """A filter of the search syntax, to the second."""
    return f"updated_at:>='{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"
