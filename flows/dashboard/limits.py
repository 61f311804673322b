"""How much of the server one visitor can take, or all of them together: nobody keeps it from answering the others."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from starlette.types import Message, Receive
from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_ANSWERS = 8  # made at once, each with a connection to the warehouse of its own
MOST_WAITING = 100  # for one of those; more are answered with 503
MOST_EXPORTS = 4  # on their way at once
HEAD_WITHIN = 10.0  # seconds, for all lines before the body of a request
BODY_WITHIN = 20.0  # seconds without a part of the body
FULL = "The page has as many visitors as it can answer. Try again in some seconds."
BUSY = "Other exports are on their way. Try again in a minute."
REFUSALS = (FULL, BUSY)


class Impatient(H11Protocol):
    """Hangs up on who opens a connection, or begins a request, and does not go on."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._calm_down()
        super().connection_lost(exc)

    def _watch(self) -> None:
        if not self._waits_for_head():
            self._calm_down()
        elif self._late is None:  # a byte now and then does not put it off
            self._late = self.loop.call_later(HEAD_WITHIN, self._hang_up)

    def _calm_down(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _hang_up(self) -> None:
        self._late = None
        if self._waits_for_head() and not self.transport.is_closing():
            self.transport.close()

    def _waits_for_head(self) -> bool:
        return self in self.connections and self.conn.their_state is h11.IDLE


def in_time(receive: Receive) -> Receive:
    """`receive` of a request, for which the visitor has hung up when its body does not come."""
    is_whole = False

    async def receiving() -> Message:
        nonlocal is_whole
        if is_whole:  # what comes now is that the visitor hangs up, whenever
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), BODY_WITHIN)
        except TimeoutError:
            return {"type": "http.disconnect"}
        is_whole = not message.get("more_body")
        return message

    return receiving
