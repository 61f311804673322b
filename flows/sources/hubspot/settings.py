"""Settings of one HubSpot."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from flows.sources.sections import AgentSettings, BaseUrl, Secret, SecretPlace


class HubspotSettings(AgentSettings):
    """An account of HubSpot, asked with the access token of a private app."""

    base_url: BaseUrl = Field(default="https://api.hubapi.com", description="where the API is, e.g. a proxy")
    access_token: SecretPlace = Field(
        default=Secret("env", "HUBSPOT_ACCESS_TOKEN"), description="where the access token of the private app is"
    )
    version: str = Field(default="2026-09", pattern=r"^\d{4}-\d{2}(-beta)?$", description="version of the API")
    start: date | None = Field(
        default=None, description="threads whose latest message is from before this day (UTC) are not asked for"
    )
    reread_days: int = Field(default=7, ge=1, description="days in which a thread without news may still be closed")
    calls_per_10_seconds: int = Field(default=100, ge=1, description="calls of the API in 10 seconds")
