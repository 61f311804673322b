"""Where what an account publishes is delivered to; nothing is, until a destination stands in the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from flows.settings.values import number
from flows.sources.sections import BaseUrl, Secret, SecretPlace, Section

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def _private(url: BaseUrl) -> BaseUrl:
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise ValueError("contact data goes over https alone; write https://")
    return url


PrivateUrl = Annotated[BaseUrl, AfterValidator(_private)]  # where contact data may be sent to


def _distinct(webhooks: tuple[WebhookDelivery, ...]) -> tuple[WebhookDelivery, ...]:
    names = [one.name for one in webhooks]
    if double := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"the webhook {', '.join(double)} stands here more than once; give each a name of its own")
    return webhooks


def _expanded(path: Path) -> Path:
    return path.expanduser().absolute()


class DeliverySettings(Section):
    """What one destination gets."""

    segments: tuple[str, ...] = Field(default=(), description="keys of the segments that are delivered")
    events: bool = Field(default=False, description="whether the four events (chapter 7) are delivered")
    follow_ups: bool = Field(default=False, description="whether follow-ups that are due (rule 12.4) are delivered")


class KlaviyoDelivery(DeliverySettings):
    """An account of Klaviyo: a list for each segment, and events."""

    api_key: SecretPlace = Field(
        default=Secret("env", "KLAVIYO_DELIVERY_KEY"),
        description="where the private key is (env:NAME or block:name), with lists, profiles and events to write",
    )
    base_url: PrivateUrl = Field(default="https://a.klaviyo.com", description="where the API is")
    revision: str = Field(default="2026-10-15", pattern=r"\d{4}-\d\d-\d\d", description="revision of the API")
    creates_profiles: bool = Field(
        default=False, description="whether a profile is made for a member that Klaviyo does not know"
    )
    max_removed_share: Annotated[float, BeforeValidator(number), Field(ge=0, le=1, allow_inf_nan=False)] = Field(
        default=0.3, description="a sync that would remove a greater share of a list needs --confirm"
    )


class WebhookDelivery(DeliverySettings):
    """A URL that gets a signed POST for each message."""

    name: str = Field(pattern="[a-z][a-z0-9_]{0,39}", description="word for it, which ledger and commands use")
    url: PrivateUrl = Field(description="where the messages are posted to")
    secret: SecretPlace = Field(description="where the secret of the signature is: env:NAME or block:name")


class FolderDelivery(DeliverySettings):
    """A folder with a folder for each day."""

    path: Annotated[Path, AfterValidator(_expanded)] = Field(description="folder to write to; made if missing")
    format: Literal["csv", "parquet"] = Field(default="csv", description="csv or parquet")


class DeliveriesSettings(Section):
    """The destinations of one account; a destination that is not named here gets nothing."""

    klaviyo: KlaviyoDelivery | None = Field(default=None, description="an account of Klaviyo")
    webhooks: Annotated[tuple[WebhookDelivery, ...], AfterValidator(_distinct)] = Field(
        default=(), description="URLs that get signed messages"
    )
    folder: FolderDelivery | None = Field(default=None, description="a folder of files, by day")

    def all(self) -> tuple[DeliverySettings, ...]:
        """Every destination that is named."""
        return (*(one for one in (self.klaviyo, self.folder) if one), *self.webhooks)
