"""Which visits and cart lines came out of a conversation, as clicks of the landing contract; pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from flows.sources.api import Row, Unknown, rows_of
from flows.sources.shopify.records import CustomerVisit, LineItem, Order


@dataclass(frozen=True)
class Marks:
    """What tells a conversation.

    `conversation` is the parameter of a landing page (or `utm_content` and the like) that names it, and `agent` are the
    parameters with the values that say that the link is the agent's. `attribute` is the key of a cart line's attribute.
    """

    conversation: str | None
    agent: Mapping[str, str]
    attribute: str | None

    def of_visit(self, visit: CustomerVisit) -> str | None:
        """The conversation whose link led to a visit."""
        if self.conversation is None:
            return None
        page = urlsplit(visit.landingPage or "")
        given = {name.lower(): value.strip() for name, value in parse_qsl(page.query)}
        tagged = visit.utmParameters.kept() if visit.utmParameters else {}
        given |= {f"utm_{name}": value.strip() for name, value in tagged.items() if value}
        is_the_agents = all(
            given.get(name.lower(), "").lower() == value.strip().lower() for name, value in self.agent.items()
        )
        return given.get(self.conversation.lower()) or None if is_the_agents else None

    def of_line(self, line: LineItem) -> str | None:
        """The conversation out of which a line was put into the cart."""
        found = (one.value for one in line.customAttributes or () if self.attribute and one.key == self.attribute)
        return (next(found, None) or "").strip() or None

    def only(self, line: LineItem) -> LineItem:
        """The line without attributes that are not used: shoppers write into them."""
        if not line.customAttributes:
            return line
        used = tuple(one for one in line.customAttributes if one.key == self.attribute)
        return line.model_copy(update={"customAttributes": used})


def visit_rows(
    account: str,
    visits: Iterable[Any],
    marks: Marks,
    product_of: Callable[[str], str | None],
    unknown: Unknown,
) -> Iterator[Row]:
    """A `link_click` of each visit that a link of the agent's led to; a visit of several orders is the same click.

    `product_of` says which product has a handle, as in the address of its page.
    """

    def made(record: Any) -> Iterator[Row]:
        visit = CustomerVisit.read(record, unknown)
        if visit.id and (conversation := marks.of_visit(visit)):
            page = re.search(r"/products/([^/]+)", urlsplit(visit.landingPage or "").path)
            values = {
                "account_id": account,
                "interaction_id": f"shopify-visit-{visit.id.rpartition('/')[2]}",
                "conversation_id": conversation,
                "type": "link_click",
                "occurred_at": visit.occurredAt,
                "product_id": product_of(unquote(page[1])) if page else None,
                "url": visit.landingPage,
                "updated_at": visit.occurredAt,
            }
            yield Row("interactions", values, visit.kept())

    for record in visits:
        yield from rows_of("interactions", account, record, lambda: made(record))  # noqa: B023


def cart_click(account: str, order: Order, line: LineItem, at: str | None, marks: Marks) -> Iterator[Row]:
    """A `product_card_click` when the order was placed, where a line's attribute names a conversation.

    A product that was deleted later is not known any more; the click that was written before stays.
    """
    conversation = marks.of_line(line)
    if conversation and line.product:
        values = {
            "account_id": account,
            "interaction_id": f"shopify-line-{line.number}",
            "conversation_id": conversation,
            "type": "product_card_click",
            "occurred_at": at,
            "product_id": line.product.number,
            "updated_at": order.updatedAt,
        }
        yield Row("interactions", values, {"lineItem": line.id, "conversation": conversation})
