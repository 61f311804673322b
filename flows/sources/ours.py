"""Tickets that this project made of a hand-off (rule 13.6) have the id of their conversation in their external id."""

from __future__ import annotations

PREFIX = "agent-metrics:"


def conversation_of(external_id: str | None) -> str | None:
    """The conversation of a ticket that we made; null of any other.

    Of an id that was too long for a ticket it is the digest of the id, which no conversation has.
    """
    return external_id.removeprefix(PREFIX) or None if external_id and external_id.startswith(PREFIX) else None
