"""Settings of one Zendesk."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from flows.sources.sections import BaseUrl, Secret, SecretPlace, SourceSettings


class ZendeskSettings(SourceSettings):
    """A Zendesk, asked as an OAuth client."""

    subdomain: str = Field(pattern="^[a-z0-9][a-z0-9-]*$", description="the shop of https://shop.zendesk.com")
    base_url: BaseUrl | None = Field(
        default=None, description="where to ask instead of https://{subdomain}.zendesk.com"
    )
    client_id: SecretPlace = Field(
        default=Secret("env", "ZENDESK_CLIENT_ID"), description="where the OAuth client's identifier is"
    )
    client_secret: SecretPlace = Field(
        default=Secret("env", "ZENDESK_CLIENT_SECRET"), description="where its secret is (scope: read)"
    )
    start: date | None = Field(
        default=None, description="nothing that was last changed before this day (UTC) is asked for"
    )
    conversation_field: str = Field(
        default="external_id",
        pattern="^(external_id|custom_field:[0-9]+)$",
        description="field that names a ticket's conversation: external_id, or custom_field:<id>",
    )
    profile_field: str | None = Field(
        default=None,
        pattern="^(external_id|user_field:.+)$",
        description="field of the requester that is the shopper's profile id: external_id, or user_field:<key>",
    )
    schedule: str | Annotated[int, Field(strict=True)] | None = Field(
        default=None, description="id or name of the schedule with the business hours; by default the first"
    )
    exports_per_minute: int = Field(
        default=10, ge=1, description="calls of the incremental export a minute; 30 with the High Volume API add-on"
    )

    @property
    def url(self) -> str:
        """Where to ask."""
        return self.base_url or f"https://{self.subdomain}.zendesk.com"
