"""What the settings of all sources are made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, InstanceOf

from flows.ground.errors import InputError
from flows.ground.extras import needing

_PLACE = re.compile(r"(?P<kind>env|block):(?P<name>[A-Za-z0-9_\-]+)")
_NO_PLACE = (
    "credentials do not stand in settings; name the environment variable that holds it as env:NAME, "
    "or a Secret block of Prefect as block:name"
)


class Section(BaseModel):
    """Settings that are frozen and refuse keys that they do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class SourceSettings(Section):
    """Settings of one source of one account."""

    @property
    def brings_orders(self) -> bool:
        """Whether the account's orders come from here, so that Klaviyo's events do not bring them a second time."""
        return False

    @property
    def brings_profiles(self) -> bool:
        """Whether the account's profiles come from here: their ids are those of one system."""
        return False


class AgentSettings(SourceSettings):
    """Settings of a system with an AI agent of its own, whose contacts can be the account's profiles."""

    profiles: bool | None = Field(
        default=None,
        description="whether its contacts are the account's profiles; by default where no other source has profiles",
    )

    @property
    def brings_profiles(self) -> bool:
        return self.profiles is not False


@dataclass(frozen=True)
class Secret:
    """Where a credential is, never what it is: `env:NAME`, or `block:name` for a Secret block of Prefect."""

    kind: str
    name: str

    def read(self, environment: Any) -> str:
        """The credential; `environment` maps names of variables to values. Raises InputError where there is none."""
        if self.kind == "env":
            value = environment.get(self.name)
            if not value:
                raise InputError(f"the environment variable {self.name} is not set", remedy="set it to the credential")
            return str(value)
        return self._block()

    def _block(self) -> str:
        with needing("prefect", f"the credential {self}"):
            from prefect.blocks.system import Secret as Block  # noqa: PLC0415  heavy, and rarely asked for

        try:
            block: Any = Block.load(self.name)
            return str(block.get())
        except ValueError as error:
            remedy = "make it, or see to PREFECT_API_URL"
            raise InputError(f"Prefect has no Secret block {self.name}", remedy=remedy) from error

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


def _secret(value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    match = _PLACE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(_NO_PLACE)
    return Secret(match["kind"], match["name"])


def _base_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("this is not a URL; write it as https://host")
    if parts.username or parts.password or parts.query:
        raise ValueError("this URL holds more than a host and a path; credentials have settings of their own")
    return url.rstrip("/")


SecretPlace = Annotated[InstanceOf[Secret], BeforeValidator(_secret)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
