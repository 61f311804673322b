"""Which refusals of a helpdesk are about a ticket, and which about everything that is asked there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from flows.ground.errors import SourceRefused, SourceUnavailable

OF_THE_TICKET = {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY}


@contextmanager
def of_the_ticket() -> Iterator[None]:
    """Credentials, rights, an address that moved, an answer nobody can read: each can be mended, and the ticket is made
    then. They raise SourceUnavailable; SourceRefused is left for what the helpdesk does not take of this ticket.
    """
    try:
        yield
    except SourceRefused as refused:
        if refused.status in OF_THE_TICKET:
            raise
        raise SourceUnavailable(refused.what, where=refused.where, remedy=refused.remedy) from None
