"""The door of the page: who comes in, and what they take with them. An ASGI app around another one.

Without tokens the page is for the people at this machine: only addresses of this machine are answered, so that no name
of a stranger can be made to point here. With tokens every request needs a pass, which a token gives. Pages of other
sites may ask for nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flows.dashboard.access import Access, Tokens
from flows.dashboard.language import Language, language, preferred
from flows.dashboard.limits import in_time
from flows.dashboard.login import form, of_this_page
from flows.ground.listening import is_meant

COOKIE = "agent_metrics_pass"
LOGIN, STATIC = "/login", "/static/"
LONGEST_FORM, LONGEST_BODY = 4096, 2**20  # bytes
SLOW_DOWN = 1.0  # seconds after a wrong token
A_MONTH = 30 * 24 * 3600
# The page's own files, and nothing from elsewhere: a picture of a stranger would tell him who reads.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


@dataclass(frozen=True)
class Door:
    """`app` with its door. What the visitor may see is `access` of the scope behind it."""

    app: ASGIApp
    tokens: Tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 4403})
            return
        send, receive = _with_headers(scope["path"], send), in_time(receive)
        headers = Headers(scope=scope)
        if not is_meant(headers.get("host", ""), headers.get("origin"), is_guarded=bool(self.tokens)):
            say = _language_of(scope)
            await _refuse(scope, receive, send, say("This address is not served."))
            return
        access = Access()
        if self.tokens and not scope["path"].startswith(STATIC):  # which are the same for everybody
            shown = self._shown(Request(scope))
            known = self.tokens.access_of(shown) if shown else None
            if known is None or scope["path"] == LOGIN:
                await self._ask_for_token(scope, receive, send)
                return
            access = known
        if _length(scope) > LONGEST_BODY:
            say = _language_of(scope)
            await _refuse(scope, receive, send, say("This is too long."), 413)
        else:
            await self.app({**scope, "access": access}, receive, send)

    def _shown(self, connection: Request) -> str | None:
        """The pass that the request shows, or that of its token."""
        if not _is_bearer(connection):
            return connection.cookies.get(COOKIE)
        return self.tokens.pass_for(connection.headers["authorization"].partition(" ")[2].strip())

    async def _ask_for_token(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._log_in(Request(scope, receive))
        except ClientDisconnect:  # hung up, or never sent the form
            return
        await answer(scope, receive, send)

    async def _log_in(self, request: Request) -> Response:
        say = _language_of(request.scope)
        if _is_bearer(request):
            await asyncio.sleep(SLOW_DOWN)
            bearer = {"WWW-Authenticate": "Bearer"}
            return PlainTextResponse(say("There is no such token."), status_code=401, headers=bearer)
        path, query = request.url.path, request.url.query
        if path != LOGIN:
            return form(say, path, (f"{path}?{query}" if query else path) if request.method == "GET" else "/")
        wanted = request.query_params.get("next", "/")
        if request.method != "POST":
            return form(say, path, wanted)
        if _length(request.scope) > LONGEST_FORM:
            return form(say, path, wanted, say("This is not a token."))
        given = parse_qs((await request.body()).decode("utf-8", "replace"))
        shown = self.tokens.pass_for(given.get("token", [""])[0])
        if shown is None:
            await asyncio.sleep(SLOW_DOWN)
            return form(say, path, wanted, say("There is no such token."))
        response = RedirectResponse(of_this_page(wanted), status_code=303)
        is_secure = request.url.scheme == "https"
        response.set_cookie(COOKIE, shown, max_age=A_MONTH, httponly=True, samesite="lax", secure=is_secure)
        return response


def _language_of(scope: Scope) -> Language:
    return language(preferred(Headers(scope=scope).get("accept-language", "")))


def _is_bearer(connection: Request) -> bool:
    return connection.headers.get("authorization", "").lower().startswith("bearer ")


def _length(scope: Scope) -> float:
    """Bytes of the body; endless where nobody says how many."""
    headers = Headers(scope=scope)
    if "transfer-encoding" in headers:
        return float("inf")
    length = headers.get("content-length", "0")
    return int(length) if length.isdecimal() else float("inf")


async def _refuse(scope: Scope, receive: Receive, send: Send, said: str, status: int = 403) -> None:
    await PlainTextResponse(said, status_code=status)(scope, receive, send)


def _with_headers(path: str, send: Send) -> Send:
    # what is not the same for everybody is kept by nobody on its way
    more = HEADERS if path.startswith(STATIC) else {**HEADERS, "Cache-Control": "no-store"}

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in more.items():
                headers[name] = value
        await send(message)

    return sending
