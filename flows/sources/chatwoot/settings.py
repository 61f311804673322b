"""Settings of one account of Chatwoot."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from flows.sources.sections import AgentSettings, BaseUrl, Secret, SecretPlace


class ChatwootSettings(AgentSettings):
    """An account of a Chatwoot, asked with the access token of an administrator."""

    account: int = Field(ge=1, description="number of the account, as in /app/accounts/1/dashboard")
    base_url: BaseUrl = Field(default="https://app.chatwoot.com", description="where Chatwoot is")
    access_token: SecretPlace = Field(
        default=Secret("env", "CHATWOOT_ACCESS_TOKEN"), description="where the access token is"
    )
    start: date | None = Field(default=None, description="nothing that was last active before this day (UTC) counts")
    calls_per_minute: int = Field(default=600, ge=1, description="calls of the API a minute")
