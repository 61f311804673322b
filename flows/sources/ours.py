"""Tickets that this project made of a hand-off (rule 13.6) have account and conversation in their external id.

Several accounts may have one helpdesk, and ids of conversations are those of an account.
"""

from __future__ import annotations

from urllib.parse import quote


def prefix(account: str) -> str:
    """What stands before the conversation in the external ids of an account's tickets."""
    return f"agent-metrics:{quote(account, safe='')}:"


def conversation_of(external_id: str | None, account: str) -> str | None:
    """The conversation of a ticket that we made for the account; null of any other.

    Of an id that was too long for a ticket it is the digest of the id, which no conversation has.
    """
    ours = prefix(account)
    return external_id.removeprefix(ours) or None if external_id and external_id.startswith(ours) else None
