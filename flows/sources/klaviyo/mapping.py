"""From Klaviyo's records to rows of the landing contract, and what their words mean; pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import contract
from flows.sources.api import Row
from flows.sources.klaviyo.agent import Article, ArticleSource, Skill
from flows.sources.klaviyo.properties import normal, product_id, product_of, texts_of
from flows.sources.klaviyo.records import Event, Profile, ProfileAttributes

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
PROFILE = tuple(name for name in ProfileAttributes.model_fields if name != "subscriptions")
CONSENT = (  # of `subscriptions`, which comes only where it is asked for
    "subscriptions.email.marketing.can_receive_email_marketing",
    "subscriptions.sms.marketing.can_receive_sms_marketing",
    "subscriptions.whatsapp.marketing.can_receive",
)


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
LOOKS_LIKE = re.compile(r"click|cart|open|view", re.IGNORECASE)  # names of metrics that may be interactions


def profile_row(account: str, profile: Profile) -> Row:
    given = profile.attributes
    values = {
        "account_id": account,
        "profile_id": profile.id,
        "email": given.email,
        "phone": given.phone_number,
        "first_name": given.first_name,
        "last_name": given.last_name,
        "can_receive_email": given.can_receive_email,
        "can_receive_sms": given.can_receive_sms,
        "can_receive_whatsapp": given.can_receive_whatsapp,
        "updated_at": given.updated,
    }
    return Row("profiles", values, profile.kept())


def skill_row(account: str, skill: Skill) -> Row:
    given = skill.attributes
    values = {
        "account_id": account,
        "skill": skill_id(skill),
        "label": given.display_name or given.name,
        "is_available": given.status == "live",
    }
    return Row("skills", values, skill.kept())


def skill_id(skill: Skill) -> str:
    """What a skill is called in messages: its name, which does not change with its label."""
    return skill.attributes.name or skill.id


def skills_by_name(skills: Iterable[Skill]) -> dict[str, str]:
    """Ids of skills by the normal form of everything that they are called."""
    return {
        normal(name): skill_id(skill)
        for skill in skills
        for name in (skill.id, skill.attributes.name, skill.attributes.display_name)
        if name
    }


def article_row(account: str, article: Article) -> Row:
    """What the agent answers from; only what is indexed is published to it.

    Of a page Klaviyo may know the address alone. Such a row has no `updated_at`, so that one of another source with the
    same id and a text counts.
    """
    given = article.attributes
    source = given.source or ArticleSource()
    url, body = given.address or source.address, given.whole_text or source.whole_text
    values = {
        "account_id": account,
        "article_id": article.id,
        "title": given.heading or source.heading or url or article.id,
        "body": body,
        "url": url,
        "is_published": given.status == "indexed",
        "updated_at": (given.changed_at or source.changed_at) if body else None,
    }
    return Row("articles", values, article.kept())


def products(kind: str, event: Event, interactions: Mapping[str, Interaction]) -> list[str]:
    """The products that an event of a conversation names, by id or by SKU."""
    clicked = interactions.get(kind)
    names = clicked.product if clicked else PRODUCTS if kind == "recommended" else None
    return [product_id(name) for name in texts_of(event.said(names))] if names else []


def product_event_rows(account: str, kind: str, event: Event) -> Iterator[Row]:
    """What a shopper did with a product in the shop; nothing where the event names no product."""
    if product := product_of(event.said(IN_SHOP_PRODUCT)):
        values = {
            "account_id": account,
            "product_event_id": event.id,
            "type": IN_SHOP_TYPES[kind],
            "occurred_at": event.happened,
            "product_id": product,
            "profile_id": event.profile_id,
        }
        yield Row("product_events", values, event.kept_with(IN_SHOP_PRODUCT))
