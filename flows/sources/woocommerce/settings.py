"""Settings of one shop."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from flows.sources.sections import BaseUrl, Secret, SecretPlace, SourceSettings


class WooCommerceSettings(SourceSettings):
    """A WooCommerce shop."""

    base_url: BaseUrl = Field(description="address of the site, e.g. https://shop.example")
    consumer_key: SecretPlace = Field(
        default=Secret("env", "WOOCOMMERCE_CONSUMER_KEY"), description="where the consumer key is (scope: read)"
    )
    consumer_secret: SecretPlace = Field(
        default=Secret("env", "WOOCOMMERCE_CONSUMER_SECRET"), description="where the consumer secret is"
    )
    start: date | None = Field(
        default=None, description="nothing that was last changed before this day (UTC) is asked for"
    )
    pending_counts: bool = Field(default=False, description="whether orders that wait for payment count as sold")

    @property
    def brings_orders(self) -> bool:
        return True
