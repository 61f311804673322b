"""The page's answers: an address for each section, and the files that can be taken from it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any, Protocol, cast

from anyio import CancelScope, CapacityLimiter
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.concurrency import iterate_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from flows.dashboard import language
from flows.dashboard.access import Access, AllowedReader
from flows.dashboard.limits import BUSY, FULL, MOST_ANSWERS, MOST_EXPORTS, MOST_WAITING
from flows.dashboard.login import root_of
from flows.dashboard.look import SECTIONS, Installation, Look, NothingToSee, address, language_of, look
from flows.dashboard.periods import in_order
from flows.ground.errors import AgentMetricsError, InputError, NothingPublished
from flows.published.accounts import accounts
from flows.published.conversations_csv import csv_lines
from flows.published.filters import PARTS, Filters, joined
from flows.warehouses import Warehouse
from flows.warehouses.publication import newest_publication

LOG = logging.getLogger(__name__)
STATIC = Path(__file__).with_name("static")
A_FILE = "attachment; filename*=utf-8''{}"


class Section(Protocol):
    """A module of flows/dashboard/sections: the values of its template of the same name."""

    def values(self, look: Look) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Pages:
    """All answers; some are made at once, others wait, and more than that are sent away."""

    warehouse: Warehouse
    installation: Installation
    answering: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(MOST_ANSWERS))
    exports: set[Request] = field(default_factory=set)  # on their way

    def app(self) -> ASGIApp:
        handlers = {404: _nothing_there, 405: _nothing_there, 500: _failed}
        return Starlette(routes=self._routes(), exception_handlers=handlers)

    def _routes(self) -> list[BaseRoute]:
        sections = [
            Route(f"/{'' if name == 'overview' else name}", self._section(name), methods=["GET"]) for name in SECTIONS
        ]
        return [
            *sections,
            Route("/audiences/count", self._part("audiences", "count"), methods=["GET"]),
            Route("/audiences/segment.yml", self._part("audiences", "definition"), methods=["GET"]),
            Route("/knowledge/article", self._part("knowledge", "article"), methods=["GET"]),
            Route("/conversations.csv", self._export, methods=["GET"]),
            Route("/news", self._news, methods=["GET"]),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]

    def _section(self, name: str) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            if (canonical := _canonical(request)) is not None:
                return RedirectResponse(canonical, status_code=303)
            return await self._answer(request, lambda one: _page(one, name), name)

        return answer

    def _part(self, section: str, part: str) -> Callable[[Request], Any]:
        """The function `part` of the section's module: a Response of its own."""

        async def answer(request: Request) -> Response:
            return await self._answer(request, getattr(_module(section), part), section)

        return answer

    async def _answer(self, request: Request, made: Callable[[Look], Response], section: str) -> Response:
        if self.answering.statistics().tasks_waiting >= MOST_WAITING:
            return PlainTextResponse(_say_of(request)(FULL), status_code=503)
        return await run_sync(self._made, request, made, section, limiter=self.answering)

    def _made(self, request: Request, made: Callable[[Look], Response], section: str) -> Response:
        access, accepted = access_of(request), request.headers.get("accept-language", "")
        query = _query(request)
        try:
            asks = _module(section).ASKS
            with look(
                self.warehouse,
                access,
                section,
                query,
                asks=asks,
                accepted=accepted,
                installation=self.installation,
            ) as one:
                return made(one)
        except NothingToSee as error:
            return _unpublished(request, error.what)
        except NothingPublished:
            say = _say_of(request)
            return _unpublished(request, say("Nothing is published yet."))
        except AgentMetricsError as error:
            say = _say_of(request)
            what = say("The page cannot be shown now. For whoever runs it:")
            return _unpublished(request, what, str(error), 200 if isinstance(error, InputError) else 503)

    async def _news(self, request: Request) -> Response:
        """Which publication is the newest, for pages that are looked at."""

        def newest() -> dict[str, str | None]:
            try:
                with self.warehouse.read() as reader:
                    return {"publication": newest_publication(AllowedReader(reader, access_of(request))).publication_id}
            except AgentMetricsError:
                return {"publication": None}

        return JSONResponse(await run_sync(newest, limiter=self.answering))

    async def _export(self, request: Request) -> Response:
        """All conversations that the filters of the address let through, as CSV."""
        if len(self.exports) >= MOST_EXPORTS:
            return PlainTextResponse(_say_of(request)(BUSY), status_code=503)
        lines = self._lines(_query(request), access_of(request))
        self.exports.add(request)

        async def until_it_ends() -> None:
            self.exports.discard(request)
            with CancelScope(shield=True):
                await run_sync(lines.close)

        try:
            first = await run_sync(next, lines, b"")  # others go on meanwhile
        except AgentMetricsError as error:
            await until_it_ends()
            say = _say_of(request)
            if isinstance(error, NothingPublished):
                return PlainTextResponse(say("Nothing is published yet."), status_code=400)
            if isinstance(error, InputError):
                what = say("Nothing is exported: “%(name)s” is wrong in the address.", name=error.where or "account")
                is_asked = error.where in {*PARTS, "account", "from", "to"}
                return PlainTextResponse(f"{what}\n{error.what}" if is_asked else error.what, status_code=400)
            return PlainTextResponse(say("The conversations cannot be read now."), status_code=503)
        except BaseException:
            await until_it_ends()
            raise
        return _Stream(chain([first], lines), until_it_ends)

    def _lines(self, given: dict[str, str], access: Access) -> Generator[bytes]:
        filters = Filters.from_query(given)
        with self.warehouse.read() as whole:
            reader = AllowedReader(whole, access)
            for account in accounts(reader):
                if account.account_id == given.get("account") and access.sees_account(account.account_id):
                    yield from csv_lines(reader, account, filters)
                    return
        raise InputError(f"there is no account {given.get('account', '')!r}", where="account")


class _Stream(StreamingResponse):
    """A file on its way; `at_the_end` is done however that comes, also where the visitor hangs up."""

    def __init__(self, lines: Any, at_the_end: Callable[[], Any]) -> None:
        headers = {"Content-Disposition": A_FILE.format("conversations.csv")}
        super().__init__(iterate_in_threadpool(lines), media_type="text/csv; charset=utf-8", headers=headers)
        self._at_the_end = at_the_end

    async def __call__(self, *asgi: Any) -> None:
        try:
            await super().__call__(*asgi)
        finally:
            await self._at_the_end()


def access_of(request: Request) -> Access:
    """What the door says that the visitor may see."""
    return cast("Access", request.scope["access"])


def _say_of(request: Request) -> language.Language:
    return language_of(_query(request), request.headers.get("accept-language", ""))


def _unpublished(request: Request, what: str, why: str = "", status: int = 200) -> Response:
    """What there is to do before there is something to show."""
    return HTMLResponse(_say_of(request).html("problem", what=what, why=why), status_code=status)


async def _nothing_there(request: Request, error: Exception) -> Response:
    say, status = _say_of(request), cast("HTTPException", error).status_code
    is_gone = status == HTTPStatus.NOT_FOUND
    what = say("There is nothing at this address.") if is_gone else say("This address is only for reading.")
    return _lost(say, request, what, status)


async def _failed(request: Request, _error: Exception) -> Response:
    say = _say_of(request)
    what = say("The page failed at this. Whoever runs it finds the reason in its log.")
    return _lost(say, request, what, 500)


def _lost(say: language.Language, request: Request, what: str, status: int) -> Response:
    return HTMLResponse(say.html("lost", what=what, root=root_of(request.url.path)), status_code=status)


def _page(one: Look, name: str) -> Response:
    values = _module(name).values(one)
    return HTMLResponse(one.say.html(f"sections/{name}", look=one, sections=SECTIONS, **values))


def _module(section: str) -> Any:
    return import_module(f"flows.dashboard.sections.{section.replace('-', '')}")


def _query(request: Request) -> dict[str, str]:
    """What the address asks for; several values of a name are one list."""
    given = request.query_params
    values = {name: [one for one in given.getlist(name) if one] for name in given}
    return {name: found[0] if len(found) == 1 else joined(tuple(found)) for name, found in values.items() if found}


def _canonical(request: Request) -> str | None:
    """Where a form leads, whose address says the same in other words: a range of dates has one address."""
    query = _query(request)
    first, last = query.pop("first", ""), query.pop("last", "")
    if query.get("dates") == "any" and first and last:
        query["dates"] = f"{first}..{last}"
    if "dates" in query:
        query["dates"] = in_order(query["dates"])
    section = request.url.path.strip("/") or "overview"
    if section == "overview":
        section = _section_of(query)
    if (
        section == (request.url.path.strip("/") or "overview")
        and list(query.items()) == request.query_params.multi_items()
    ):
        return None
    return address(section, query)


def _section_of(query: Mapping[str, str]) -> str:
    """Which section an address of the former page, which had but one, is for now."""
    if "draft" in query:
        return "knowledge"
    if "conversation" in query or PARTS & query.keys():
        return "conversations"
    return "overview"
