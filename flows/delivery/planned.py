"""What a dry run says of single things that would be delivered. Instants are ISO text in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class PlannedFile:
    """A file that would be written."""

    file: str


@dataclass(frozen=True)
class PlannedTicket:
    """A ticket that would be made of a hand-off."""

    conversation_id: str
    channel: str
    to: str
    email: str | None
    accepted_at: str


@dataclass(frozen=True)
class PlannedChange:
    """A shopper whom a list would get or lose, and why."""

    change: Literal["add", "remove"]
    profile_id: str
    name: str | None
    email: str | None
    phone: str | None
    reason: str


@dataclass(frozen=True)
class PlannedMessage:
    """A message that would be sent; one of the past (`is_backfill`) starts nothing over there."""

    message_id: str
    name: str
    profile_id: str | None
    at: str
    is_backfill: bool


Planned = PlannedFile | PlannedTicket | PlannedChange | PlannedMessage
