"""Helpdesks in which tickets are made of hand-offs, with credentials of their own: those of a source only read."""

from __future__ import annotations

from pydantic import Field

from flows.settings.deliveries import PrivateUrl
from flows.sources.sections import Secret, SecretPlace, Section


class ZendeskDesk(Section):
    """A Zendesk, asked as an OAuth client with the scopes `tickets:read` and `tickets:write`."""

    subdomain: str = Field(pattern="^[a-z0-9][a-z0-9-]*$", description="the shop of https://shop.zendesk.com")
    base_url: PrivateUrl | None = Field(
        default=None, description="where to ask instead of https://{subdomain}.zendesk.com"
    )
    client_id: SecretPlace = Field(
        default=Secret("env", "ZENDESK_TICKETS_CLIENT_ID"), description="where the OAuth client's identifier is"
    )
    client_secret: SecretPlace = Field(
        default=Secret("env", "ZENDESK_TICKETS_CLIENT_SECRET"),
        description="where its secret is (scopes: tickets:read, tickets:write)",
    )

    @property
    def url(self) -> str:
        """Where to ask."""
        return self.base_url or f"https://{self.subdomain}.zendesk.com"


class GorgiasDesk(Section):
    """A Gorgias, asked with an API key. The key's user writes the note with the conversation."""

    account: str = Field(pattern="^[a-z0-9][a-z0-9-]*$", description="the shop of https://shop.gorgias.com")
    base_url: PrivateUrl | None = Field(
        default=None, description="where to ask instead of https://{account}.gorgias.com"
    )
    username: SecretPlace = Field(
        default=Secret("env", "GORGIAS_TICKETS_USERNAME"),
        description="where the email address of the API key's user is; this user writes the note",
    )
    api_key: SecretPlace = Field(default=Secret("env", "GORGIAS_TICKETS_API_KEY"), description="where the API key is")

    @property
    def url(self) -> str:
        """Where to ask."""
        return self.base_url or f"https://{self.account}.gorgias.com"


class HubspotDesk(Section):
    """A HubSpot, asked with the token of a private app of its own: that of the source only reads."""

    base_url: PrivateUrl = Field(default="https://api.hubapi.com", description="where the API is, e.g. a proxy")
    version: str = Field(default="2026-09", description="version of the API")
    access_token: SecretPlace = Field(
        default=Secret("env", "HUBSPOT_TICKETS_ACCESS_TOKEN"),
        description="where the access token is (scopes: tickets, crm.objects.contacts.read)",
    )
    pipeline: str = Field(default="0", description="the pipeline of new tickets")
    stage: str = Field(default="1", description="the stage in which they begin")

    @property
    def url(self) -> str:
        """Where to ask."""
        return self.base_url
