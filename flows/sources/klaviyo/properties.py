"""What no description of Klaviyo's says: names as they have been spelt so far, and values as they come."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

# Every spelling that Klaviyo has given a metric so far; compared without case, blanks and punctuation.
METRICS: Mapping[str, tuple[str, ...]] = {
    "started": (
        "Started Conversation",
        "Started Conversation with Customer Agent",
        "Started Customer Agent Conversation",
    ),
    "resolved": (
        "Conversation Resolved",
        "Conversation with Customer Agent Resolved",
        "Resolved Customer Agent Conversation",
    ),
    "escalated": (
        "Conversation Escalated",
        "Conversation with Customer Agent Escalated",
        "Escalated Customer Agent Conversation",
    ),
    "recommended": ("Received Product Recommendation", "Received Product Recommendation from Customer Agent"),
    "placed_order": ("Placed Order",),
    "ordered_product": ("Ordered Product",),
    "refunded_order": ("Refunded Order",),
    "cancelled_order": ("Cancelled Order", "Canceled Order"),
    "clicked_sms": ("Clicked SMS",),
}

# A property of the events that are delivered to Klaviyo from here, and what it says.
SENT_BY, OURS = "Sent by", "customer-agent-metrics"

# What shoppers do in the shop itself, where the settings take it.
IN_SHOP: Mapping[str, tuple[str, ...]] = {
    "viewed_product": ("Viewed Product",),
    "added_to_cart": ("Added to Cart",),
}


def normal(name: str) -> str:
    """A name without case, blanks and punctuation."""
    return re.sub(r"[\W_]", "", name.casefold())


def first(given: Any, names: Sequence[str]) -> Any:
    """The first value of an object that stands under one of these names; null and empty text are no values."""
    found = {normal(name): value for name, value in given.items()} if isinstance(given, dict) else {}
    values = (found.get(normal(name)) for name in names)
    return next((value for value in values if value is not None and value != ""), None)


def only(given: Any, names: Collection[str]) -> Any:
    """An object with what stands under these names alone; what is not an object as it is."""
    wanted = set(map(normal, names))
    return {name: one for name, one in given.items() if normal(name) in wanted} if isinstance(given, dict) else given


def product_id(name: str) -> str:
    """The shop's own id of a product or an order.

    Klaviyo's catalogue has it behind `$shopify:::$default:::`, Shopify in a gid.
    """
    if name.startswith("$"):
        return name.rpartition(":::")[2]
    return name.rpartition("/")[2].partition("?")[0] if name.startswith("gid://") else name


def product_of(value: Any) -> str | None:
    name = text_of(value)
    return product_id(name) if name else None


def instant(text: Any) -> datetime | None:
    """An instant with its zone; of one that is written otherwise the landing contract says so."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def text_of(value: Any) -> str | None:
    """Text, or a number as text: an id of 9001.0 is 9001."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None if value is None or isinstance(value, dict | list) else str(value)


NAME_OF = ("Product ID", "id", "SKU", "name")  # of an object in a list of texts


def tag_of(value: Any) -> str | None:
    values = texts_of(value)
    return values[0] if values else None


def texts_of(value: Any) -> list[str]:
    """A list of texts, however it was written: a list, one of its objects alone, JSON, or text with commas."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        with suppress(ValueError):
            value = json.loads(value)
    if isinstance(value, dict):
        value = [value]
    if isinstance(value, list):
        named = (first(one, NAME_OF) if isinstance(one, dict) else one for one in value)
        return [text for one in named if (text := text_of(one))]
    return [part.strip() for part in (text_of(value) or "").split(",") if part.strip()]
