"""The door of the answers: who comes in, from where, and how many at once. An ASGI app around another one.

Without tokens only people at this machine are answered, under its own names, so that no name of a stranger can be made
to point here. With tokens every request shows one. Pages of other sites may ask for nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flows.answers.faults import Fault
from flows.dashboard.access import Access, Tokens
from flows.dashboard.limits import in_time
from flows.ground.listening import is_meant

TOOLS = "/mcp"
LONGEST_BODY = 2**16  # bytes: a question is short
LONGEST_QUERY = 2**13
MOST_AT_ONCE = 8  # requests that are answered at once, whoever asks
SLOW_DOWN = 1.0  # seconds after a wrong token
ACCESS = "agent_metrics_access"  # in the scope of a request
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

ELSEWHERE = Fault(403, "this address is not served")
NO_TOKEN = Fault(401, "a token is needed", "Authorization", "send `Authorization: Bearer <token>`")
WRONG_TOKEN = Fault(401, "there is no such token", "Authorization", "ask who runs the server for one")
TOO_LONG = Fault(413, "this is too long", None, "ask for less at once")
ONLY_TO_READ = Fault(405, "this is only for reading", None, f"use GET, and POST for {TOOLS}")
NO_STREAM = Fault(405, "there is no stream of the server's own", None, "use POST")
BUSY = Fault(429, "other questions are being answered", None, "try again in a second")


@dataclass(frozen=True)
class Door:
    """`app` with its door."""

    app: ASGIApp
    tokens: Tokens
    inside: set[int] = field(default_factory=set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, in_time(receive), _with_headers(send))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        access = self._access(headers)
        fault = self._fault(scope, headers, access)
        if fault:
            await asyncio.sleep(SLOW_DOWN if fault is WRONG_TOKEN else 0)
            await refusal(fault)(scope, receive, send)
            return
        self.inside.add(id(scope))
        try:
            await self.app({**scope, ACCESS: access}, receive, send)
        finally:
            self.inside.discard(id(scope))

    def _access(self, headers: Headers) -> Access | None:
        if not self.tokens:
            return Access()
        shown = self.tokens.pass_for(_bearer(headers))
        return self.tokens.access_of(shown) if shown else None

    def _fault(self, scope: Scope, headers: Headers, access: Access | None) -> Fault | None:
        """Why a request is not answered; None where it is."""
        if not is_meant(headers.get("host", ""), headers.get("origin"), is_guarded=bool(self.tokens)):
            return ELSEWHERE
        if access is None:
            return WRONG_TOKEN if _bearer(headers) else NO_TOKEN
        is_tool = scope["path"].rstrip("/") == TOOLS
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > LONGEST_BODY or len(scope["query_string"]) > LONGEST_QUERY:
            return TOO_LONG
        if scope["method"] not in ({"POST"} if is_tool else {"GET", "HEAD"}):
            return NO_STREAM if is_tool else ONLY_TO_READ
        return BUSY if len(self.inside) >= MOST_AT_ONCE else None


def refusal(fault: Fault) -> JSONResponse:
    """The fault as an answer of HTTP."""
    more = {401: {"WWW-Authenticate": "Bearer"}, 405: {"Allow": "GET, HEAD, POST"}, 429: {"Retry-After": "1"}}
    return JSONResponse(fault.document(), fault.status, more.get(fault.status))


def _bearer(headers: Headers) -> str:
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        await send(message)

    return sending
