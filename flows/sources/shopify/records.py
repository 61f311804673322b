"""What is read of Shopify's answers: the types of its Admin API with the fields that `queries.py` asks for.

GraphQL answers what was asked for and nothing else, so there are no other names. Payloads keep every field.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, Field, model_serializer, model_validator

from flows.sources.api import Amount, Flag, Id, Instant, Listed, Loosely, Misshapen, Record, Text, Whole
from flows.sources.api.rows import Absent

T = TypeVar("T")


def number(gid: str) -> str:
    """The number at the end of `gid://shopify/Order/1`: what the storefront and other systems call it."""
    found = gid.rpartition("/")[2].partition("?")[0]
    if not gid.startswith("gid://") or not found:
        raise Absent("is missing")
    return found


def _with_number(gid: str) -> str:
    number(gid)
    return gid


def without(record: Any, name: str) -> Any:
    """What is kept of a record that cannot be read: not that in which shoppers may have written."""
    return {one: record[one] for one in record if one != name} if isinstance(record, dict) else record


class Thing(Record):
    """What has an id of Shopify's."""

    id: Annotated[Id, AfterValidator(_with_number)]

    @property
    def number(self) -> str:
        return number(self.id)


class PageInfo(Record):
    hasNextPage: Flag = False
    endCursor: Text = None

    @model_validator(mode="after")
    def _says_where(self) -> PageInfo:
        if self.hasNextPage and not self.endCursor:
            raise Misshapen("says that there is more, and not where")
        return self


class Connection(Record, Generic[T]):
    """A page of things, which may come in `edges` or as a list alone; kept as a list."""

    nodes: tuple[T, ...]
    pageInfo: PageInfo = PageInfo()

    @model_validator(mode="before")
    @classmethod
    def _as_nodes(cls, given: Any) -> Any:
        if isinstance(given, list):
            return {"nodes": given}
        if isinstance(given, Mapping) and isinstance(given.get("edges"), list):
            edges = [Edge.model_validate(edge) for edge in given["edges"]]
            return {"nodes": [edge.node for edge in edges], "pageInfo": given.get("pageInfo") or {}}
        return given

    @model_serializer
    def _as_list(self) -> tuple[T, ...]:
        return self.nodes

    @property
    def following(self) -> str | None:
        """The cursor after which there is more."""
        return self.pageInfo.endCursor if self.pageInfo.hasNextPage else None


class Edge(Record):
    node: Any = None


class MoneyV2(Record):
    amount: Amount
    currencyCode: Text = None


class MoneyBag(Record):
    """An amount in the shop's currency; what the shopper saw (`presentmentMoney`) is not asked for."""

    shopMoney: MoneyV2 | None = None


class Attribute(Record):
    key: Text = None
    value: Text = None


class DiscountAllocation(Record):
    allocatedAmountSet: MoneyBag | None = None


class ProductVariant(Record):
    id: Text = None


class Product(Thing):
    title: Text = None
    handle: Text = None
    status: Text = None
    isGiftCard: Flag = False
    onlineStoreUrl: Text = None
    createdAt: Loosely[Instant] = None
    updatedAt: Instant = None


class LineItem(Thing):
    sku: Text = None
    name: Text = None
    quantity: Whole = None
    currentQuantity: Loosely[Whole] = None
    isGiftCard: Flag = False
    product: Product | None = None
    variant: ProductVariant | None = None
    originalTotalSet: MoneyBag | None = None
    discountAllocations: Listed[DiscountAllocation] = ()
    customAttributes: Loosely[Listed[Attribute]] = None

    not_read = "__parentId"  # of a line of a bulk operation's file


class RefundLineItem(Record):
    quantity: Whole = None
    restockType: Text = None
    lineItem: LineItem | None = None
    subtotalSet: MoneyBag | None = None
    totalTaxSet: Loosely[MoneyBag] = None


class Refund(Thing):
    createdAt: Loosely[Instant] = None
    totalRefundedSet: Loosely[MoneyBag] = None
    refundLineItems: Connection[RefundLineItem] | None = None


class UTMParameters(Record):
    source: Text = None
    medium: Text = None
    campaign: Text = None
    content: Text = None
    term: Text = None


class CustomerVisit(Record):
    """Of moments of other kinds nothing is asked for."""

    id: Text = None
    occurredAt: Instant = None
    landingPage: Text = None
    utmParameters: Loosely[UTMParameters] = None


class Count(Record):
    count: Whole = None


class CustomerJourneySummary(Record):
    ready: Loosely[bool] = None
    momentsCount: Loosely[Count] = None
    moments: Connection[Any] | None = None


class Order(Thing):
    """An order; its refunds are nothing but ids until they are asked for, and its lines are rows of their own."""

    name: Text = None
    createdAt: Instant = None
    processedAt: Instant = None
    updatedAt: Instant = None
    cancelledAt: Instant = None
    test: Flag = False
    email: Text = None
    phone: Text = None
    currencyCode: Text = None
    taxesIncluded: Loosely[bool] = None
    displayFinancialStatus: Text = None
    totalRefundedSet: Loosely[MoneyBag] = None
    totalTipReceivedSet: MoneyBag | None = None
    refunds: Listed[Refund] = ()
    customerJourneySummary: Loosely[CustomerJourneySummary] = None
    lineItems: Connection[Any] | None = Field(default=None, exclude=True)

    @property
    def moments(self) -> Connection[Any]:
        journey = self.customerJourneySummary
        return (journey and journey.moments) or Connection[Any](nodes=())
