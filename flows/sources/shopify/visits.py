"""Which visits and cart lines came out of a conversation, as clicks of the landing contract; pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from flows.sources.api import JsonObject, Row, rows_of


@dataclass(frozen=True)
class Marks:
    """What tells a conversation.

    `conversation` is the parameter of a landing page (or `utm_content` and the like) that names it, and `agent` are the
    parameters with the values that say that the link is the agent's. `attribute` is the key of a cart line's attribute.
    """

    conversation: str | None
    agent: Mapping[str, str]
    attribute: str | None

    def of_visit(self, visit: JsonObject) -> str | None:
        """The conversation whose link led to a visit."""
        if self.conversation is None:
            return None
        given = {name.lower(): value.strip() for name, value in parse_qsl(urlsplit(visit["landingPage"] or "").query)}
        tagged = visit.get("utmParameters") or {}
        given |= {f"utm_{name}": str(value).strip() for name, value in tagged.items() if value}
        is_the_agents = all(
            given.get(name.lower(), "").lower() == value.strip().lower() for name, value in self.agent.items()
        )
        return given.get(self.conversation.lower()) or None if is_the_agents else None

    def of_line(self, line: JsonObject) -> str | None:
        """The conversation out of which a line was put into the cart."""
        attributes = line.get("customAttributes") or ()
        found = (one.get("value") for one in attributes if self.attribute and one.get("key") == self.attribute)
        return str(next(found, None) or "").strip() or None

    def kept(self, line: JsonObject) -> JsonObject:
        """The line without attributes that are not used: shoppers write into them."""
        if "customAttributes" not in line:
            return line
        kept = [one for one in line["customAttributes"] or () if one.get("key") == self.attribute]
        return {**line, "customAttributes": kept}


def visit_rows(
    account: str, visits: Sequence[JsonObject], marks: Marks, product_of: Callable[[str], str | None]
) -> Iterator[Row]:
    """A `link_click` of each visit that a link of the agent's led to; a visit of several orders is the same click.

    `product_of` says which product has a handle, as in the address of its page.
    """
    for visit in visits:
        yield from rows_of("interactions", account, visit, lambda: _visit(account, visit, marks, product_of))  # noqa: B023


def _visit(account: str, visit: JsonObject, marks: Marks, product_of: Callable[[str], str | None]) -> Iterator[Row]:
    if visit.get("id") and (conversation := marks.of_visit(visit)):
        page = re.search(r"/products/([^/]+)", urlsplit(visit["landingPage"] or "").path)
        values = {
            "account_id": account,
            "interaction_id": f"shopify-visit-{visit['id'].rpartition('/')[2]}",
            "conversation_id": conversation,
            "type": "link_click",
            "occurred_at": visit.get("occurredAt"),
            "product_id": product_of(unquote(page[1])) if page else None,
            "url": visit.get("landingPage"),
            "updated_at": visit.get("occurredAt"),
        }
        yield Row("interactions", values, visit)


def cart_click(of_order: Mapping[str, object], line: Row, at: object, marks: Marks) -> Iterator[Row]:
    """A `product_card_click` when the order was placed, where a line's attribute names a conversation.

    A product that was deleted later is not known any more; the click that was written before stays.
    """
    conversation, product = marks.of_line(line.record), line.record.get("product")
    if conversation and product:
        values = {
            **of_order,
            "interaction_id": f"shopify-line-{line.values['order_line_id']}",
            "conversation_id": conversation,
            "type": "product_card_click",
            "occurred_at": at,
            "product_id": line.values["product_id"],
        }
        yield Row("interactions", values, {"lineItem": line.record["id"], "conversation": conversation})
