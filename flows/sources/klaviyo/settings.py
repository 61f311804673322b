"""Settings of one account of Klaviyo."""

from __future__ import annotations

from datetime import date

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
    clicked_sms: tuple[str, ...] = Field(default=(), description="a link in a text message was clicked")


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
    metrics: MetricsSettings = Field(default=MetricsSettings(), description="names of metrics, where they differ")
