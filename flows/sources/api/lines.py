"""What a shop's amounts for a whole line are for each piece of it."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

FOUR_PLACES = Decimal("0.0001")
ZERO = Decimal(0)


def priced(quantity: Decimal | int, before: Decimal, after: Decimal) -> dict[str, str]:
    """`unit_price` and `discount` of a line that cost `before` its discounts, and `after` them.

    Quantity × unit price − discount is `after` to the last digit: what does not divide is rounded up.
    """
    unit_price = (before / (quantity if quantity > 0 else 1)).quantize(FOUR_PLACES, ROUND_CEILING)
    return {"unit_price": str(unit_price), "discount": str(max(unit_price * quantity - after, ZERO))}
