"""Settings of one shop."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from flows.sources.sections import BaseUrl, Secret, SecretPlace, SourceSettings


def _name(shop: object) -> object:
    return shop.strip().lower().removesuffix(".myshopify.com") if isinstance(shop, str) else shop


class ShopifySettings(SourceSettings):
    """A Shopify shop."""

    shop: Annotated[str, BeforeValidator(_name), Field(pattern=r"^[a-z0-9][a-z0-9\-]*$")] | None = Field(
        default=None, description="name of the shop, the first part of its .myshopify.com address"
    )
    base_url: BaseUrl | None = Field(default=None, description="where to ask instead of https://<shop>.myshopify.com")
    api_version: Annotated[str, Field(pattern=r"^(\d{4}-\d{2}|unstable)$")] = Field(
        default="2026-10", description="version of the Admin API"
    )
    access_token: SecretPlace = Field(
        default=Secret("env", "SHOPIFY_ACCESS_TOKEN"), description="where the Admin API access token is"
    )
    client_id: SecretPlace | None = Field(
        default=None, description="where the app's client ID is, for an app that is given no token of its own"
    )
    client_secret: SecretPlace | None = Field(default=None, description="where the app's client secret is")
    start: date | None = Field(
        default=None, description="nothing that was last changed before this day (UTC) is asked for"
    )
    bulk: bool = Field(default=True, description="whether the first load uses bulk operations")
    pending_counts: bool = Field(
        default=True, description="whether orders that wait for payment count as sold: by hand, or slow"
    )
    conversation_parameter: str | None = Field(
        default=None,
        min_length=1,
        description="parameter of links to the shop that names the conversation, as in ?conversation=…; or utm_content",
    )
    agent_parameters: dict[str, str] = Field(
        default_factory=dict,
        description="parameters that such a link has as well, with their values, such as utm_source",
    )
    cart_attribute: str | None = Field(
        default=None, min_length=1, description="key of the attribute of a cart's line that names the conversation"
    )

    @model_validator(mode="after")
    def _whole(self) -> ShopifySettings:
        if not (self.shop or self.base_url):
            raise ValueError("neither shop nor base_url stands here; give the name of the shop")
        if (self.client_id is None) != (self.client_secret is None):
            raise ValueError("client_id and client_secret belong together; give both, or neither")
        if self.agent_parameters and self.conversation_parameter is None:
            raise ValueError("agent_parameters stand here without conversation_parameter; give both, or neither")
        return self

    @property
    def url(self) -> str:
        """Where the shop is asked."""
        return self.base_url or f"https://{self.shop}.myshopify.com"

    @property
    def brings_orders(self) -> bool:
        return True
