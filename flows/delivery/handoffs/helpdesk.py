"""Where tickets are made."""

from __future__ import annotations

from typing import Protocol

from flows.delivery.handoffs.ticket import Created, NewTicket


class Helpdesk(Protocol):
    """A platform with an API for tickets. What can pass by raises SourceUnavailable, what it does not take
    SourceRefused.
    """

    @property
    def platform(self) -> str:
        """As in `tickets.platform`."""

    def check(self) -> str:
        """A sentence on what the credentials may do; nothing is made. Raises also InputError."""

    def find(self, external_id: str) -> str | None:
        """The oldest ticket that has exactly this external id."""

    def create(self, ticket: NewTicket) -> Created:
        """Make the ticket, unless `find` has it."""
