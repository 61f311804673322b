"""What servers of helpdesks share: calls that are done late, twice, or without an answer, and tickets to be made."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from flows.delivery.handoffs.ticket import Line, NewTicket, Product, external_id
from tests.sources.fake_api import LOST, Answer, Asked, FakeApi

ASKED_AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
SLOWLY = 0.4  # seconds; longer than the tests' clients wait


class Fate(Enum):
    """What becomes of a call."""

    DONE = "done and answered"
    LOST = "done, and the connection is closed"
    LATE = "done, and answered when nobody waits any more"
    SLOW = "done when nobody waits any more"
    BROKEN_AFTER = "done, and answered with 502"
    BROKEN = "not done, 503"
    THROTTLED = "not done, 429"
    CUT = "not done, and the connection is closed"
    REPEATED = "done twice at the same time, as by a proxy"


class BadRequest(Exception):
    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status, body)
        self.answer = Answer(status, body)


class FakeDesk(FakeApi):
    """`fate` decides over each call; `done` does it, under `lock`."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.fate: Callable[[Asked], Fate] = lambda asked: Fate.DONE
        self.lock = threading.RLock()
        self.tickets: dict[int, Any] = {}

    def done(self, asked: Asked) -> Answer:
        raise NotImplementedError

    def tickets_of(self, external: str) -> list[Any]:
        """The tickets with this external id, trashed and solved ones too."""
        raise NotImplementedError

    def like(self, external: str) -> list[Any]:
        """As a list finds them: small and capital letters are the same."""
        spelled = {
            one.external_id for one in self.tickets.values() if (one.external_id or "").lower() == external.lower()
        }
        return [ticket for one in spelled for ticket in self.tickets_of(one)]

    def answer(self, asked: Asked) -> Answer:
        fate = self.fate(asked)
        if fate is Fate.THROTTLED:
            return Answer(429, {"error": "APIRateLimitExceeded"}, {"Retry-After": "0"})
        if fate is Fate.BROKEN:
            return Answer(503, b"<html>Oops</html>")
        if fate is Fate.CUT:
            return Answer(LOST, None)
        if fate is Fate.SLOW:
            time.sleep(SLOWLY)
        answers = [self._tried(asked)]
        if fate is Fate.REPEATED:
            answers.append(self._tried(asked))
        if fate is Fate.LATE:
            time.sleep(SLOWLY)
        if fate is Fate.BROKEN_AFTER:
            return Answer(502, b"<html>Bad gateway</html>")
        return Answer(LOST, None) if fate is Fate.LOST else answers[-1]

    def _tried(self, asked: Asked) -> Answer:
        try:
            return self.done(asked)
        except BadRequest as error:
            return error.answer


def only(given: Any, needed: set[str], more: set[str], wrong: Callable[[str], BadRequest]) -> Mapping[str, Any]:
    """The object, which has every name of `needed` and none beside these and `more`."""
    if not isinstance(given, dict):
        raise wrong(f"{given!r} is not an object")
    if missing := needed - given.keys():
        raise wrong(f"{min(missing)} is required")
    if unknown := given.keys() - needed - more:
        raise wrong(f"{min(unknown)} is unknown")
    return given


def is_email(text: Any) -> bool:
    return isinstance(text, str) and re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text) is not None


def to_make(conversation: str = "C1", **more: Any) -> NewTicket:
    """A hand-off as it is made a ticket of."""
    given: dict[str, Any] = {
        "account_id": "shop",
        "conversation_id": conversation,
        "external_id": external_id("shop", conversation),
        "email": "ann@example.com",
        "name": "Ann",
        "profile_id": "P1",
        "channel": "web_chat",
        "subject": "Hand-off: my parcel",
        "question": "Where is my parcel?",
        "asked_at": ASKED_AT,
        "tag": "Order status",
        "reason": "shopper_request",
        "products": (Product("Blue shirt", "https://shop.example/blue"),),
        "lines": (
            Line("visitor", ASKED_AT, "Where is my parcel?"),
            Line("agent", ASKED_AT + timedelta(seconds=5), "I do not know. {{ticket.requester.email}} <b>hm</b>"),
            Line("visitor", ASKED_AT + timedelta(seconds=40), "Yes please"),
        ),
        "link": "https://page.example/?conversation=C1",
        "accepted_at": ASKED_AT + timedelta(minutes=1),
        "zone": "Europe/Berlin",
    }
    return NewTicket(**given | more)
