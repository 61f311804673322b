"""The door of the page: who comes in, and what they take with them. An ASGI app around another one.

Without tokens the page is for the people at this machine: only addresses of this machine are answered, so that no name
of a stranger can be made to point here. With tokens every request needs a pass, which a token gives. Pages of other
sites may ask for nothing, neither by a form nor by a socket.
"""

from __future__ import annotations

import asyncio
import html
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from starlette.concurrency import iterate_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flows.dashboard.access import Access, Tokens
from flows.dashboard.visit import glance
from flows.errors import AgentMetricsError, InputError
from flows.published.conversations_csv import csv_lines
from flows.published.filters import Filters
from flows.warehouses import Warehouse

COOKIE = "agent_metrics_pass"
OF_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}
LONGEST_FORM = 4096
SLOW_DOWN = 1.0  # seconds after a wrong token
A_MONTH = 30 * 24 * 3600
# What marimo's page needs, and nothing from elsewhere: a picture of a stranger would tell him who reads.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
LOGIN = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Customer agent</title>
<style>
  body {{ font: 16px/1.5 system-ui, sans-serif; display: grid; place-items: center; min-height: 90vh; margin: 0 1rem }}
  form {{ display: grid; gap: .75rem; width: min(24rem, 100%) }}
  input, button {{ font: inherit; padding: .5rem .75rem; border: 1px solid #767676; border-radius: .375rem }}
  button {{ background: #0b5394; border-color: #0b5394; color: #fff; cursor: pointer }}
  p {{ margin: 0 }}
</style>
<form method="post" action="login?next={next}">
  <label for="token">Token of this page</label>
  <input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
  <p role="alert">{said}</p>
  <button>Open</button>
</form>
</html>"""


@dataclass(frozen=True)
class Door:
    """`app` with its door; `warehouse` is what the page reads."""

    app: ASGIApp
    warehouse: Warehouse
    tokens: Tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        if not self._comes_from_here(Headers(scope=scope)):
            await _refuse(scope, receive, send, "This address is not served.")
            return
        access = self._access(HTTPConnection(scope)) if self.tokens else Access()
        if scope["type"] == "http":
            send = _with_headers(send)
            if access is None or scope["path"] == "/login":
                await (await self._log_in(Request(scope, receive)))(scope, receive, send)
                return
            if scope["path"] == "/conversations.csv":
                await self._conversations(Request(scope, receive), access)(scope, receive, send)
                return
        elif access is None:
            await _refuse(scope, receive, send, "Give the token first.")
            return
        accounts = None if access.accounts is None else sorted(access.accounts)
        scope = {**scope, "meta": {"accounts": accounts, "texts": access.texts}}
        await self.app(scope, receive, send)

    def _comes_from_here(self, headers: Headers) -> bool:
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self.tokens and urlsplit(f"//{host}").hostname not in OF_THIS_MACHINE:
            return False
        return origin is None or urlsplit(origin).netloc == host

    def _access(self, connection: HTTPConnection) -> Access | None:
        kind, _, given = connection.headers.get("authorization", "").partition(" ")
        shown = self.tokens.pass_for(given) if kind.lower() == "bearer" else connection.cookies.get(COOKIE)
        return self.tokens.access_of(shown) if shown else None

    async def _log_in(self, request: Request) -> Response:
        if request.url.path != "/login":
            wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return _form(wanted if request.method == "GET" else "/", "")
        wanted = request.query_params.get("next", "/")
        if request.method != "POST":
            return _form(wanted, "")
        form = parse_qs((await _body(request)).decode("utf-8", "replace"))
        shown = self.tokens.pass_for(form.get("token", [""])[0])
        if shown is None:
            await asyncio.sleep(SLOW_DOWN)
            return _form(wanted, "There is no such token.")
        response = RedirectResponse(_path(wanted), status_code=303)
        is_secure = request.url.scheme == "https"
        response.set_cookie(COOKIE, shown, max_age=A_MONTH, httponly=True, samesite="lax", secure=is_secure)
        return response

    def _conversations(self, request: Request, access: Access) -> Response:
        """All conversations that the filters of the address let through, as CSV."""
        given = dict(request.query_params)
        try:
            lines = self._lines(given, access)
            first = next(lines, b"")
        except AgentMetricsError as error:
            return PlainTextResponse(str(error), status_code=400 if isinstance(error, InputError) else 503)
        headers = {"Content-Disposition": 'attachment; filename="conversations.csv"'}
        rest = iterate_in_threadpool(_all(first, lines))
        return StreamingResponse(rest, media_type="text/csv; charset=utf-8", headers=headers)

    def _lines(self, given: dict[str, str], access: Access) -> Iterator[bytes]:
        with glance(self.warehouse, access, given.pop("account", "")) as (reader, account):
            yield from csv_lines(reader, account, Filters.from_query(given))


def _all(first: bytes, lines: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from lines


def _path(wanted: str) -> str:
    """The address as one of this page, so that nobody can be sent elsewhere."""
    parts = urlsplit(wanted.replace("\\", "/"))
    path = "/" + parts.path.lstrip("/")
    return f"{path}?{parts.query}" if parts.query else path


def _form(wanted: str, said: str) -> Response:
    from urllib.parse import quote  # noqa: PLC0415

    page = LOGIN.format(next=html.escape(quote(wanted, safe="")), said=html.escape(said))
    return HTMLResponse(page, status_code=401, headers={"Cache-Control": "no-store"})


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_FORM:
            return b""
    return body


async def _refuse(scope: Scope, receive: Receive, send: Send, said: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4403})
    else:
        await PlainTextResponse(said, status_code=403)(scope, receive, send)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        await send(message)

    return sending
