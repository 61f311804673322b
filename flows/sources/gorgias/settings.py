"""Settings of one Gorgias."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from flows.sources.sections import BaseUrl, Secret, SecretPlace, SourceSettings


class GorgiasSettings(SourceSettings):
    """A Gorgias, asked with an API key."""

    account: str = Field(pattern="^[a-z0-9][a-z0-9-]*$", description="the shop of https://shop.gorgias.com")
    base_url: BaseUrl | None = Field(default=None, description="where to ask instead of https://{account}.gorgias.com")
    username: SecretPlace = Field(
        default=Secret("env", "GORGIAS_USERNAME"), description="where the email address of the API key's user is"
    )
    api_key: SecretPlace = Field(default=Secret("env", "GORGIAS_API_KEY"), description="where the API key is")
    start: date | None = Field(
        default=None, description="nothing that was last changed before this day (UTC) is asked for"
    )
    conversation_field: str = Field(
        default="external_id",
        pattern="^(external_id|meta:.+)$",
        description="field that names a ticket's conversation: external_id, or meta:<key>",
    )
    profile_is_external_id: bool = Field(
        default=False, description="whether a customer's external_id is the shopper's profile id"
    )
    automatic_senders: tuple[str, ...] = Field(
        default=(), description="email addresses of users behind whom no person writes, such as an AI agent's"
    )
    calls_per_20_seconds: int = Field(default=40, ge=1, description="calls of the API; enterprise plans have 80")

    @property
    def url(self) -> str:
        """Where to ask."""
        return self.base_url or f"https://{self.account}.gorgias.com"
