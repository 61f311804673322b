"""The door of the page: who comes in, and what they take with them. An ASGI app around another one.

Without tokens the page is for the people at this machine: only addresses of this machine are answered, so that no name
of a stranger can be made to point here. With tokens every request needs a pass, which a token gives. Pages of other
sites may ask for nothing, neither by a form nor by a socket.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass, field
from itertools import chain
from urllib.parse import parse_qs, urlsplit

from anyio import CancelScope
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flows.dashboard.access import Access, Tokens
from flows.dashboard.allowed import is_asked_by_page, of_visitor
from flows.dashboard.limits import BUSY, FULL, MOST_EXPORTS, MOST_VISITS, in_time
from flows.dashboard.login import form, of_this_page
from flows.dashboard.visit import glance
from flows.ground.errors import AgentMetricsError, InputError
from flows.published.conversations_csv import csv_lines
from flows.published.filters import Filters
from flows.warehouses import Warehouse

LOG = logging.getLogger(__name__)
COOKIE = "agent_metrics_pass"
OF_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}
LOGIN, EXPORT, ASSETS = "/login", "/conversations.csv", "/assets/"
LONGEST_FORM, LONGEST_BODY = 4096, 2**20  # bytes
SLOW_DOWN = 1.0  # seconds after a wrong token
A_MONTH = 30 * 24 * 3600
# What marimo's page needs, and nothing from elsewhere: a picture of a stranger would tell him who reads.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self' data:; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


@dataclass(frozen=True)
class Door:
    """`app` with its door; `warehouse` is what the page reads, `visits` gives the ids of open pages."""

    app: ASGIApp
    warehouse: Warehouse
    tokens: Tokens
    visits: Callable[[], Collection[str]]
    exports: set[Request] = field(default_factory=set)  # on their way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        if scope["type"] == "http":
            send, receive = _with_headers(scope["path"], send), in_time(receive)
        if not self._comes_from_here(Headers(scope=scope)):
            await _refuse(scope, receive, send, "This address is not served.")
            return
        access = Access()
        if self.tokens:
            shown = self._shown(HTTPConnection(scope))
            known = self.tokens.access_of(shown) if shown else None
            if known is None or shown is None or scope["path"] == LOGIN:
                await self._ask_for_token(scope, receive, send)
                return
            access, scope = known, of_visitor(scope, shown)
        if scope["type"] == "http" and scope["path"] == EXPORT:
            await self._export(Request(scope, receive), access, send)
        elif not is_asked_by_page(scope):
            await _refuse(scope, receive, send, "The page does not ask for this.")
        elif _length(scope) > LONGEST_BODY:
            await _refuse(scope, receive, send, "This is too long.", 413)
        elif self._is_one_too_many(scope):
            await _refuse(scope, receive, send, FULL, 503)
        else:
            await self._go_in({**scope, "meta": access.to_meta()}, receive, send)

    async def _go_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except Exception as error:  # marimo has answered; it raises also where a page clicks whose visit is over
            LOG.warning("%s: %s", scope["path"], error, exc_info=LOG.isEnabledFor(logging.DEBUG))

    def _comes_from_here(self, headers: Headers) -> bool:
        host, origin = headers.get("host", ""), headers.get("origin")
        try:
            if not self.tokens and urlsplit(f"//{host}").hostname not in OF_THIS_MACHINE:
                return False
            return origin is None or (bool(host) and urlsplit(origin).netloc == host)
        except ValueError:  # `[` is not a host
            return False

    def _is_one_too_many(self, scope: Scope) -> bool:
        """Whether a visit would begin, and there are as many as the server can hold."""
        if scope["type"] == "http" and scope["path"] != "/":
            return False
        visits = self.visits()
        return len(visits) >= MOST_VISITS and HTTPConnection(scope).query_params.get("session_id") not in visits

    def _shown(self, connection: HTTPConnection) -> str | None:
        """The pass that the request shows, or that of its token."""
        if not _is_bearer(connection):
            return connection.cookies.get(COOKIE)
        return self.tokens.pass_for(connection.headers["authorization"].partition(" ")[2].strip())

    async def _ask_for_token(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await _refuse(scope, receive, send, "")
        else:
            try:
                answer = await self._log_in(Request(scope, receive))
            except ClientDisconnect:  # hung up, or never sent the form
                return
            await answer(scope, receive, send)

    async def _log_in(self, request: Request) -> Response:
        if _is_bearer(request):
            await asyncio.sleep(SLOW_DOWN)
            bearer = {"WWW-Authenticate": "Bearer"}
            return PlainTextResponse("There is no such token.", status_code=401, headers=bearer)
        path, query = request.url.path, request.url.query
        if path != LOGIN:
            return form(path, (f"{path}?{query}" if query else path) if request.method == "GET" else "/")
        wanted = request.query_params.get("next", "/")
        if request.method != "POST":
            return form(path, wanted)
        if _length(request.scope) > LONGEST_FORM:
            return form(path, wanted, "This is not a token.")
        given = parse_qs((await request.body()).decode("utf-8", "replace"))
        shown = self.tokens.pass_for(given.get("token", [""])[0])
        if shown is None:
            await asyncio.sleep(SLOW_DOWN)
            return form(path, wanted, "There is no such token.")
        response = RedirectResponse(of_this_page(wanted), status_code=303)
        is_secure = request.url.scheme == "https"
        response.set_cookie(COOKIE, shown, max_age=A_MONTH, httponly=True, samesite="lax", secure=is_secure)
        return response

    async def _export(self, request: Request, access: Access, send: Send) -> None:
        """All conversations that the filters of the address let through, as CSV."""
        if len(self.exports) >= MOST_EXPORTS:
            await _refuse(request.scope, request.receive, send, BUSY, 503)
            return
        lines = self._lines(dict(request.query_params), access)
        self.exports.add(request)
        try:
            await (await _csv(request, lines))(request.scope, request.receive, send)
        finally:  # also where the visitor hung up
            self.exports.discard(request)
            with CancelScope(shield=True):
                await run_in_threadpool(lines.close)

    def _lines(self, given: dict[str, str], access: Access) -> Generator[bytes]:
        filters = Filters.from_query(given)
        with glance(self.warehouse, access, given.get("account", "")) as (reader, account):
            yield from csv_lines(reader, account, filters)


async def _csv(request: Request, lines: Generator[bytes]) -> Response:
    if request.method not in {"GET", "HEAD"}:
        return PlainTextResponse("This is only for reading.", status_code=405, headers={"Allow": "GET, HEAD"})
    try:
        first = await run_in_threadpool(next, lines, b"")  # others go on meanwhile
    except InputError as error:
        return PlainTextResponse(str(error), status_code=400)
    except AgentMetricsError as error:
        return PlainTextResponse(str(error), status_code=503)
    headers = {"Content-Disposition": 'attachment; filename="conversations.csv"'}
    rest = iterate_in_threadpool(chain([first], lines))
    return StreamingResponse(rest, media_type="text/csv; charset=utf-8", headers=headers)


def _is_bearer(connection: HTTPConnection) -> bool:
    return connection.headers.get("authorization", "").lower().startswith("bearer ")


def _length(scope: Scope) -> float:
    """Bytes of the body; endless where nobody says how many."""
    headers = Headers(scope=scope)
    if "transfer-encoding" in headers:
        return float("inf")
    length = headers.get("content-length", "0")
    return int(length) if length.isdecimal() else float("inf")


async def _refuse(scope: Scope, receive: Receive, send: Send, said: str, status: int = 403) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4403})
    else:
        await PlainTextResponse(said, status_code=status)(scope, receive, send)


def _with_headers(path: str, send: Send) -> Send:
    # what is not the same for everybody is kept by nobody on its way
    more = HEADERS if path.startswith(ASSETS) else {**HEADERS, "Cache-Control": "no-store"}

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in more.items():
                headers[name] = value
        await send(message)

    return sending
