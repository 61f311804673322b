"""Lines of orders, as the properties of Klaviyo's events tell of them; pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Any

from pydantic import Field

from flows.sources.api import Amount, JsonObject, Listed, Misshapen, Record, Unknown, listed
from flows.sources.klaviyo.properties import first, normal, product_of, text_of

PRODUCT = ("ProductID",)
VALUE = ("$value",)
ALLOCATED = "discount_allocations"
# By the name that a refusal gives it.
AMOUNTS: Mapping[str, tuple[str, ...]] = {
    "Quantity": ("Quantity",),
    "ItemPrice": ("ItemPrice", "Item Price", "Unit Price", "Price"),
    "RowTotal": ("RowTotal", "Row Total", "Line Total", "Total"),
    "Discount": ("Discount", "Discount Amount", "Total Discount"),
}
OF_LINE = (
    *PRODUCT,
    "id",
    "SKU",
    *(name for names in AMOUNTS.values() for name in names),
    *VALUE,
    ALLOCATED,
    "gift_card",
)
FOUR_PLACES = Decimal("0.0001")
ZERO = Decimal(0)


class Amounts(Record):
    """The numbers of a line, each under the first of its names that has a value; those that have none are not set."""

    quantity: Amount = Field(default=Decimal(1), alias="Quantity")
    price: Amount = Field(default=ZERO, alias="ItemPrice")
    total: Amount = Field(default=ZERO, alias="RowTotal")
    discount: Amount = Field(default=ZERO, alias="Discount")
    allocated: Listed[Amount] = Field(default=(), alias=ALLOCATED)

    def told(self, name: str) -> Decimal | None:
        found: Decimal = getattr(self, name)
        return found if name in self.model_fields_set else None


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


def line_of(line_id: str, item: JsonObject, record: Any) -> Line:
    """A line. What it cost in all counts: its discount is what that is less than its pieces, or what is told of it.

    Raises Misshapen or pydantic's ValidationError where an amount is none.
    """
    amounts = _amounts(item)
    quantity = rounded(amounts.quantity)  # as it will be counted
    unit_price, total = amounts.told("price"), amounts.told("total")
    if unit_price is None and total is not None:
        if quantity <= 0:
            raise Misshapen(f"Quantity is {amounts.quantity}, so its price cannot be told")
        unit_price = (total / quantity).quantize(FOUR_PLACES, ROUND_CEILING)
    # Shopify's allocations have the order's discounts, too.
    discount = sum(amounts.allocated, ZERO) if amounts.allocated else amounts.discount
    if unit_price is not None and total is not None:
        discount = max(discount, unit_price * quantity - total)
    has_product = any(normal(name) in map(normal, PRODUCT) for name in item)  # else `id` is the line's own
    product = product_of(first(item, PRODUCT if has_product else ("id",)))
    known = None if product == "0" else product  # rule 2.7
    names_pieces = amounts.told("quantity") is not None
    return Line(line_id, known, text_of(first(item, ("SKU",))), names_pieces, quantity, unit_price, discount, record)


def _amounts(item: JsonObject) -> Amounts:
    if not isinstance(item, Mapping):
        raise Misshapen(f"the line {str(item)[:40]!r} is a name beside objects")
    said = {name: value for name, names in AMOUNTS.items() if (value := first(item, names)) is not None}
    if "ItemPrice" not in said:
        said = {"RowTotal": first(item, VALUE), **said}
    if allocated := listed(first(item, (ALLOCATED,))):
        said = {**said, ALLOCATED: [first(one, ("amount",)) for one in allocated]}
        said.pop("Discount", None)
    return Amounts.read({name: value for name, value in said.items() if value is not None}, Unknown())


class Refund(Record):
    value: Amount = Field(default=ZERO, alias="$value")


def given_back(refund: JsonObject) -> Decimal | None:
    """What the properties of a refund say of how much it is."""
    found = first(refund, VALUE)
    return None if found is None else Refund.read({"$value": found}, Unknown()).value


def rounded(amount: Decimal) -> Decimal:
    return amount.quantize(FOUR_PLACES, ROUND_HALF_UP)
