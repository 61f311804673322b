"""A ticket that is to be made of a hand-off, the same for every helpdesk."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from flows.sources.ours import prefix

LONGEST_ID = 255  # characters that every helpdesk takes for an id of ours


@dataclass(frozen=True)
class Line:
    """A message of a transcript; `text` is as written by strangers, and not yet safe. `at` is UTC."""

    sender: str  # visitor, agent, human or system
    at: datetime
    text: str


@dataclass(frozen=True)
class Product:
    """A product that the agent showed."""

    title: str
    url: str | None


@dataclass(frozen=True)
class NewTicket:
    """`subject`, `question`, `name`, `tag`, `reason` and products are safe already (transcript.safe).

    `question` is the shopper's last question (8.1) until the hand-off was accepted, else the first message with a text,
    empty where there is none; `asked_at` is when it was written (UTC), or accepted. `zone` is the account's: the
    team reads times in it. `link` leads into the page.
    """

    account_id: str
    conversation_id: str
    external_id: str
    email: str
    name: str | None
    profile_id: str | None
    channel: str
    subject: str
    question: str
    asked_at: datetime
    tag: str | None
    reason: str | None
    products: tuple[Product, ...]
    lines: tuple[Line, ...]
    link: str | None
    accepted_at: datetime
    zone: str


@dataclass(frozen=True)
class Created:
    """The ticket over there; `was_there`: it was found by its external id, and not made now."""

    ticket_id: str
    was_there: bool


def external_id(account: str, conversation_id: str) -> str:
    """By which the helpdesk knows the ticket of a conversation: 255 characters at most."""
    plain = prefix(account) + conversation_id
    if len(plain) <= LONGEST_ID:
        return plain
    digest = hashlib.sha256(plain.encode()).hexdigest()
    return f"{prefix(account)[: LONGEST_ID - len(digest)]}{digest}"
