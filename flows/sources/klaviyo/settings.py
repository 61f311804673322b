"""Settings of one account of Klaviyo."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from flows.sources.sections import BaseUrl, Secret, SecretPlace, Section, SourceSettings


class MetricsSettings(Section):
    """Names of the metrics in the account, where they are none of those that Klaviyo has given them so far."""

    started: tuple[str, ...] = Field(default=(), description="a conversation started")
    resolved: tuple[str, ...] = Field(default=(), description="a conversation was resolved by the agent")
    escalated: tuple[str, ...] = Field(default=(), description="a conversation was handed over")
    recommended: tuple[str, ...] = Field(default=(), description="the agent recommended products")
    placed_order: tuple[str, ...] = Field(default=(), description="an order was placed")
    ordered_product: tuple[str, ...] = Field(default=(), description="a product of an order")
    refunded_order: tuple[str, ...] = Field(default=(), description="an order was given back, or a part of it")
    cancelled_order: tuple[str, ...] = Field(default=(), description="an order was cancelled")
    clicked_sms: tuple[str, ...] = Field(default=(), description="a link in a text message was clicked")
    viewed_product: tuple[str, ...] = Field(default=(), description="a product was viewed in the shop")
    added_to_cart: tuple[str, ...] = Field(default=(), description="a product was put into the cart in the shop")


class InteractionSettings(Section):
    """A metric whose events are interactions; the names of their properties, where they are not the usual ones."""

    metric: str = Field(description="name of the metric in the account")
    type: Literal["product_card_click", "link_click", "add_to_cart", "message_opened"] = Field(
        description="what a shopper did"
    )
    conversation: str | None = Field(default=None, description="property with the id of the conversation")
    product: str | None = Field(default=None, description="property with the id or SKU of the product")
    quantity: str | None = Field(default=None, description="property with the number of pieces, of a cart")
    url: str | None = Field(default=None, description="property with the address of a link")


class KlaviyoSettings(SourceSettings):
    """An account of Klaviyo."""

    base_url: BaseUrl = Field(default="https://a.klaviyo.com", description="where the API is, e.g. a proxy")
    api_key: SecretPlace = Field(default=Secret("env", "KLAVIYO_API_KEY"), description="where the private key is")
    revision: str = Field(default="2026-10-15", description="revision of the API")
    beta_revision: str = Field(default="2026-07-15.pre", description="revision of the Customer Agent API")
    start: date | None = Field(default=None, description="nothing from before this day (UTC) is asked for")
    reread_days: int = Field(
        default=7, ge=1, description="days in which events may come late and conversations may still change"
    )
    orders: bool | None = Field(
        default=None, description="take orders from events; where it is not set, if the account has no shop of its own"
    )
    order_currency: str | None = Field(
        default=None, description="ISO 4217 code of orders whose events name none; by default the account's"
    )
    channel: str | None = Field(
        default=None,
        pattern="^[a-z][a-z0-9_]{0,39}$",
        description="channel of conversations that no event names one of; where it is not set, they wait for an event",
    )
    interactions: tuple[InteractionSettings, ...] = Field(
        default=(), description="metrics of the account that are clicks, carts or openings"
    )
    product_events: bool = Field(
        default=False, description="take what shoppers view and put into the cart in the shop, for inferred touches"
    )
    metrics: MetricsSettings = Field(default=MetricsSettings(), description="names of metrics, where they differ")

    @property
    def brings_profiles(self) -> bool:
        return True
