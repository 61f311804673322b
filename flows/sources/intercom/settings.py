"""Settings of one Intercom."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from flows.sources.sections import AgentSettings, BaseUrl, Secret, SecretPlace

ADDRESSES = {"us": "https://api.intercom.io", "eu": "https://api.eu.intercom.io", "au": "https://api.au.intercom.io"}


class IntercomSettings(AgentSettings):
    """A workspace of Intercom, asked with an access token."""

    region: Literal["us", "eu", "au"] = Field(default="us", description="where the workspace is hosted: us, eu or au")
    base_url: BaseUrl | None = Field(default=None, description="where to ask instead of the region's address")
    access_token: SecretPlace = Field(
        default=Secret("env", "INTERCOM_ACCESS_TOKEN"), description="where the access token is"
    )
    version: str = Field(default="2.16", pattern=r"^\d+\.\d+$", description="version of the API (Intercom-Version)")
    start: date | None = Field(
        default=None, description="nothing that was last changed before this day (UTC) is asked for"
    )
    calls_per_minute: int = Field(default=1000, ge=1, description="calls of the API a minute; Intercom allows 10,000")

    @property
    def url(self) -> str:
        """Where to ask."""
        return self.base_url or ADDRESSES[self.region]
