"""From Klaviyo's records to rows of the landing contract; pure functions.

A conversation is told of by several endpoints: the Customer Agent API knows its status, times and messages, the events
know its channel, profile, tag, skill and products. `conversation_rows` puts them together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import contract
from flows.sources.api import JsonObject, Part, Row, rows_of
from flows.sources.klaviyo.records import (
    attributes,
    happened,
    instant,
    kept,
    normal,
    only,
    product_id,
    product_of,
    profile_of,
    prop,
    tag_of,
    text_of,
    texts_of,
)

OF_CONVERSATIONS = ("started", "resolved", "escalated", "recommended")
# Words that are not known go on as they are: the settings say what they mean.
CHANNELS = {normal(word): word for word in contract.landing()["conversations"].column("channel").values}
SENDERS = {"user": "visitor", "visitor": "visitor", "agent": "agent", "assistant": "agent", "human": "human"}
CHANNEL = ("Channel",)
# Names of properties under all their labels; which of them an account sends is documented nowhere.
CONVERSATION_ID = ("Conversation ID",)
SKILL = (
    "Skill",
    "Skill that handled it",
    "Skill active at escalation",
    "Procedure",
    "Procedure that handled it",
    "Procedure active at escalation",
)
TAGS = ("Tags", "Tag")
REASON = ("Escalation reason", "Reason")
PRODUCTS = ("Product IDs", "Product IDs / SKUs", "Product IDs / SKUs recommended", "Products", "SKUs", "Product ID")
PROPERTIES = (*CONVERSATION_ID, *CHANNEL, *SKILL, *TAGS, *REASON, *PRODUCTS)  # of events of conversations
CLICKED_PRODUCT = ("Product ID", "SKU")
IN_SHOP_PRODUCT = ("Product ID", "Added Item Product ID", "SKU", "Added Item SKU")
IN_SHOP_TYPES = {"viewed_product": "viewed", "added_to_cart": "added_to_cart"}
PROFILE = ("email", "phone_number", "first_name", "last_name", "updated")
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Interaction:
    """What events of a kind mean, and the names under which their properties may stand."""

    type: str
    conversation: Sequence[str] = CONVERSATION_ID
    product: Sequence[str] = CLICKED_PRODUCT
    quantity: Sequence[str] = ("Quantity",)
    url: Sequence[str] = ("URL", "Link", "Destination URL")

    @property
    def properties(self) -> Sequence[str]:
        return (*self.conversation, *self.product, *self.quantity, *self.url)


INTERACTIONS: Mapping[str, Interaction] = {"clicked_sms": Interaction("link_click")}


@dataclass(frozen=True)
class Words:
    """What an account's own words mean.

    `skills` are ids of skills by the normal form of everything that they are called, `interactions` what events of a
    kind are, `channel` is that of conversations of which no event names one.
    """

    skills: Mapping[str, str]
    interactions: Mapping[str, Interaction]
    channel: str | None


LOOKS_LIKE = re.compile(r"click|cart|open|view", re.IGNORECASE)  # names of metrics that may be interactions


def profile_row(account: str, profile: JsonObject) -> Row:
    given = attributes(profile)
    values = {
        "account_id": account,
        "profile_id": profile["id"],
        "email": given.get("email"),
        "phone": given.get("phone_number"),
        "first_name": given.get("first_name"),
        "last_name": given.get("last_name"),
        "updated_at": given.get("updated"),
    }
    return Row("profiles", values, {"id": profile["id"], "attributes": only(given, PROFILE)})


def skill_row(account: str, skill: JsonObject) -> Row:
    given = attributes(skill)
    values = {
        "account_id": account,
        "skill": skill_id(skill),
        "label": given.get("display_name") or given.get("name"),
        "is_available": given.get("status", "live") == "live",
    }
    return Row("skills", values, skill)


def skill_id(skill: JsonObject) -> str:
    """What a skill is called in messages: its name, which does not change with its label."""
    return str(attributes(skill).get("name") or skill["id"])


def skills_by_name(skills: Sequence[JsonObject]) -> dict[str, str]:
    """Ids of skills by the normal form of everything that they are called."""
    return {
        normal(str(name)): skill_id(skill)
        for skill in skills
        for name in (skill["id"], attributes(skill).get("name"), attributes(skill).get("display_name"))
        if name
    }


def article_row(account: str, knowledge: JsonObject) -> Row:
    """What the agent answers from; only what is indexed is published to it.

    Of a page Klaviyo may know the address alone. Such a row has no `updated_at`, so that one of another source with the
    same id and a text counts.
    """
    given = attributes(knowledge)
    said = given.get("source")
    source: JsonObject = said if isinstance(said, dict) else {}

    def first(*names: str) -> Any:
        return next((place[name] for place in (given, source) for name in names if place.get(name)), None)

    url, body = first("url", "page_url"), first("content", "text", "body", "snippet", "answer")
    values = {
        "account_id": account,
        "article_id": knowledge["id"],
        "title": first("title", "name", "file_name", "question") or url or knowledge["id"],
        "body": body,
        "url": url,
        "is_published": given.get("status", "indexed") == "indexed",
        "updated_at": first("updated_at", "indexed_at") if body else None,
    }
    return Row("articles", values, knowledge)


def products(part: Part, interactions: Mapping[str, Interaction]) -> list[str]:
    """The products that an event of a conversation names, by id or by SKU."""
    clicked = interactions.get(part.kind)
    names = clicked.product if clicked else PRODUCTS if part.kind == "recommended" else None
    return [product_id(name) for name in texts_of(prop(part.record, names))] if names else []


def product_event_rows(account: str, kind: str, event: JsonObject) -> Iterator[Row]:
    """What a shopper did with a product in the shop; nothing where the event names no product."""
    if product := product_of(prop(event, IN_SHOP_PRODUCT)):
        values = {
            "account_id": account,
            "product_event_id": event["id"],
            "type": IN_SHOP_TYPES[kind],
            "occurred_at": happened(event),
            "product_id": product,
            "profile_id": profile_of(event),
        }
        yield Row("product_events", values, kept(event, IN_SHOP_PRODUCT))


def conversation_rows(account: str, of: str, parts: Sequence[Part], words: Words) -> Iterator[Row]:
    """The rows of one conversation from all that is known of it.

    The conversation itself waits for its channel, which an event brings, unless `words` say it. A part `product` says
    which product the SKU is that it has as id.
    """
    by_kind: dict[str, list[JsonObject]] = {}
    for part in parts:
        by_kind.setdefault(part.kind, []).append(part.record)
    sold = {part.id: str(part.record) for part in parts if part.kind == "product"}
    events = [event for kind in OF_CONVERSATIONS for event in by_kind.get(kind, ())]
    records = {part.kind: part.record for part in parts}
    yield from rows_of(
        "conversations", account, records, lambda: _conversation(account, of, by_kind, events, words.channel)
    )
    for event in by_kind.get("escalated", ()):
        yield from rows_of("handoff_events", account, event, lambda: [_handoff(account, of, event)])  # noqa: B023
    yield from rows_of("messages", account, records, lambda: _messages(account, of, by_kind, words.skills, sold))
    for kind, one in words.interactions.items():
        for event in by_kind.get(kind, ()):
            yield from rows_of("interactions", account, event, lambda: [_interaction(account, of, one, event, sold)])  # noqa: B023


def _handoff(account: str, of: str, event: JsonObject) -> Row:
    values = {
        "account_id": account,
        "handoff_event_id": event["id"],
        "conversation_id": of,
        "type": "accepted",
        "occurred_at": happened(event),
        "reason": text_of(prop(event, REASON)),
    }
    return Row("handoff_events", values, event)


def _interaction(account: str, of: str, one: Interaction, event: JsonObject, sold: Mapping[str, str]) -> Row:
    values = {
        "account_id": account,
        "interaction_id": event["id"],
        "conversation_id": of,
        "type": one.type,
        "occurred_at": happened(event),
        "product_id": sold.get(product, product) if (product := product_of(prop(event, one.product))) else None,
        "url": text_of(prop(event, one.url)),
        "quantity": prop(event, one.quantity) if one.type == "add_to_cart" else None,
        "profile_id": profile_of(event),
    }
    return Row("interactions", values, event)


def _conversation(
    account: str,
    of: str,
    by_kind: Mapping[str, list[JsonObject]],
    events: Sequence[JsonObject],
    default: str | None,
) -> Iterator[Row]:
    record: JsonObject = next(iter(by_kind.get("conversation", ())), {})
    given = record.get("attributes") or {}
    channel = next((said for event in events if (said := text_of(prop(event, CHANNEL)))), default)
    started = next((happened(event) for event in by_kind.get("started", ())), None)
    created = given.get("created_at") or started
    if channel is None or created is None:
        return
    tagged = [tag_of(prop(event, TAGS)) for event in events if prop(event, TAGS)]
    times = [at for at in (given.get("updated_at"), *map(happened, events)) if at]
    values = {
        "account_id": account,
        "conversation_id": of,
        "channel": CHANNELS.get(normal(channel), channel),
        "agent": "klaviyo",
        "created_at": created,
        "profile_id": next((profile for profile in map(profile_of, events) if profile), None),
        "tag": tagged[-1] if tagged else None,
        "source_status": given.get("status"),
        "updated_at": max(times, key=lambda at: instant(at) or EARLIEST) if times else None,
    }
    yield Row("conversations", values, {"conversation": record, "events": list(events)})


def _messages(
    account: str,
    of: str,
    by_kind: Mapping[str, list[JsonObject]],
    skills: Mapping[str, str],
    sold: Mapping[str, str],
) -> Iterator[Row]:
    """Messages, with the skill and the products that events tell of on the agent's message next to them in time."""
    rows = []
    for message in by_kind.get("message", ()):
        given = attributes(message)
        role = str(given.get("role") or "")
        values = {
            "account_id": account,
            "message_id": f"{of}/{message['id']}",
            "conversation_id": of,
            "sender": SENDERS.get(normal(role), role),
            "sent_at": given.get("created_at"),
            "text": given.get("content"),
            "updated_at": given.get("updated_at"),
        }
        rows.append(Row("messages", values, message))
    sent = [(instant(row.values["sent_at"]), row) for row in rows if row.values["sender"] == "agent"]
    answers = [(at, row) for at, row in sent if at]
    found: dict[str, JsonObject] = {}
    for kind in ("resolved", "escalated", "recommended") if answers else ():
        for event in by_kind.get(kind, ()):
            at = instant(happened(event)) or EARLIEST
            _, nearest = min(answers, key=lambda one: abs(one[0] - at))
            about = found.setdefault(nearest.values["message_id"], {})
            if kind == "recommended":
                named = map(product_id, texts_of(prop(event, PRODUCTS)))
                about.setdefault("recommended_product_ids", []).extend(sold.get(name, name) for name in named)
            elif skill := text_of(prop(event, SKILL)):
                about["skill"] = skills.get(normal(skill), skill)
    for row in rows:
        yield Row("messages", {**row.values, **found.get(row.values["message_id"], {})}, row.record)
