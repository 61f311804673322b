"""What becomes of hand-offs, for each channel of an account; nothing does until this says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from flows.settings.deliveries import DeliveriesSettings
from flows.settings.helpdesks import GorgiasDesk, HubspotDesk, ZendeskDesk
from flows.sources.sections import SecretPlace, Section, SourceSettings

INBOX = "klaviyo_inbox"  # has no API for tickets
KLAVIYO = "klaviyo"
Desk = ZendeskDesk | GorgiasDesk | HubspotDesk
DESKS: dict[str, tuple[type[Desk], tuple[str, ...]]] = {  # with the settings of the source that say where it is
    "zendesk": (ZendeskDesk, ("subdomain", "base_url")),
    "gorgias": (GorgiasDesk, ("account", "base_url")),
    "hubspot": (HubspotDesk, ("base_url", "version")),
}
OF_DESKS = ("client_id", "client_secret", "username", "api_key", "access_token", "pipeline", "stage")
UNSAFE = {  # why exactly one ticket cannot be promised there (docs/handoffs.md)
    "intercom": "Intercom knows no id of ours by which a ticket is found at once",
    "chatwoot": "Chatwoot has no tickets",
}


class HandoffSettings(Section):
    """What becomes of the hand-offs of one channel (rule 13.6)."""

    method: Literal["none", "ticket", "message"] = Field(
        default="none", description="ticket: a ticket for the team; message: a text for the shopper; none"
    )
    platform: Literal["klaviyo_inbox", "zendesk", "gorgias", "hubspot"] | None = Field(
        default=None, description="where tickets are made: klaviyo_inbox, zendesk, gorgias or hubspot"
    )
    text: str | None = Field(default=None, min_length=1, max_length=2_000, description="text for the shopper")
    to: str | None = Field(
        default=None,
        pattern="^(klaviyo|webhook:[a-z][a-z0-9_]{0,39})$",
        description="delivery that gets the event of klaviyo_inbox or of a message: klaviyo, or webhook:<name>",
    )
    client_id: SecretPlace | None = Field(
        default=None, description="where the identifier of Zendesk's OAuth client is, by default env:ZENDESK_TICKETS_…"
    )
    client_secret: SecretPlace | None = Field(
        default=None, description="where its secret is (scopes: tickets:read, tickets:write)"
    )
    username: SecretPlace | None = Field(
        default=None, description="where the email address of Gorgias' user is, by default env:GORGIAS_TICKETS_…"
    )
    api_key: SecretPlace | None = Field(default=None, description="where the API key of Gorgias is")
    access_token: SecretPlace | None = Field(
        default=None, description="where the token of HubSpot's private app is, by default env:HUBSPOT_TICKETS_…"
    )
    pipeline: str | None = Field(
        default=None, min_length=1, description="HubSpot's pipeline of new tickets, by default 0"
    )
    stage: str | None = Field(
        default=None, min_length=1, description="the stage of it in which they begin, by default 1"
    )

    @field_validator("platform", mode="before")
    @classmethod
    def _safe(cls, platform: object) -> object:
        """One ticket can be promised there."""
        if isinstance(platform, str) and platform in UNSAFE:
            raise ValueError(
                f"no tickets are made in {platform}: {UNSAFE[platform]}; let its own agent hand over, "
                'or take method = "message" (docs/handoffs.md)'
            )
        return platform

    @model_validator(mode="after")
    def _whole(self) -> HandoffSettings:
        """Each method has what it needs, and nothing that belongs to another."""
        if "method" not in self.model_fields_set and self._given():
            raise ValueError(
                'nothing becomes of hand-offs without a method; add method = "ticket", "message" or "none"'
            )
        if self.method == "ticket" and self.platform is None:
            raise ValueError(f'tickets need a platform; add platform = "{INBOX}", "zendesk", "gorgias" or "hubspot"')
        if self.method == "message" and not (self.text and self.text.strip()):
            raise ValueError("a message needs its text; add text")
        if wrong := sorted(self._given() - self._usable()):
            of = self.platform if self.method == "ticket" else self.method
            raise ValueError(f"{of} has no {', '.join(wrong)}; take it out")
        return self

    @property
    def is_event(self) -> bool:
        """Whether it is delivered as an event, because no API takes it."""
        return self.method == "message" or self.platform == INBOX

    def destination(self, deliveries: DeliveriesSettings) -> str:
        """The name of what gets it, as ledger and commands have it. Raises ValueError where that is not there."""
        if not self.is_event:
            return str(self.platform)
        there = [*([KLAVIYO] if deliveries.klaviyo else []), *(f"webhook:{one.name}" for one in deliveries.webhooks)]
        if self.to is not None and self.to not in there:
            raise ValueError(f"{self.to} is not a delivery; add it under [accounts.deliveries]")
        what = "a message" if self.method == "message" else INBOX
        if not there:
            raise ValueError(
                f"{what} goes as an event, and no delivery takes one; "
                "add [accounts.deliveries.klaviyo] or [[accounts.deliveries.webhooks]]"
            )
        if self.to is None and KLAVIYO not in there and len(there) > 1:
            raise ValueError(f'{what} goes to one delivery alone; name it, e.g. to = "{there[0]}"')
        return self.to or there[0]

    def desk(self, sources: Mapping[str, SourceSettings | None]) -> Desk:
        """The helpdesk that makes its tickets, at the address of the source. Raises ValueError where there is none."""
        platform = str(self.platform)
        source = sources[platform]
        if source is None:
            raise ValueError(f"{platform} is not connected; add [accounts.sources.{platform}] to the account")
        desk, names = DESKS[platform]
        given = {one: getattr(self, one) for one in OF_DESKS if getattr(self, one) is not None}
        try:
            return desk(**{one: getattr(source, one) for one in names}, **given)
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None

    def _given(self) -> set[str]:
        return {name for name in type(self).model_fields if name != "method" and getattr(self, name) is not None}

    def _usable(self) -> set[str]:
        if self.method == "none":
            return self._given()
        if self.method == "message":
            return {"text", "to"}
        if self.platform == INBOX:
            return {"platform", "to"}
        return {"platform", *(DESKS[str(self.platform)][0].model_fields.keys() & set(OF_DESKS))}


def switched_on(handoffs: Mapping[str, HandoffSettings]) -> Iterator[tuple[str, HandoffSettings]]:
    """The channels whose hand-offs become something."""
    return ((channel, one) for channel, one in handoffs.items() if one.method != "none")
