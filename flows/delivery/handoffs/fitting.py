"""Texts in as many bytes as a helpdesk takes: limits in characters would let other alphabets than ours through."""

from __future__ import annotations

from flows.delivery.handoffs.ticket import NewTicket
from flows.delivery.handoffs.transcript import body

NO_QUESTION = "(The shopper asked for a person and wrote no question.)"


def conversation(ticket: NewTicket, most: int) -> str:
    """The ticket's `body` in at most so many bytes."""
    characters = most
    while (size := len((text := body(ticket, characters)).encode())) > most:
        characters = characters * most // size - 1
    return text


def question(ticket: NewTicket, most: int) -> str:
    """What the shopper asked last, in at most so many bytes; never empty."""
    text = ticket.question or NO_QUESTION
    if len(text.encode()) <= most:
        return text
    return f"{text.encode()[: most - 3].decode(errors='ignore').rstrip()}…"
