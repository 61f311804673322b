"""Key figures and chart in the first answer, before the page's program has been loaded: a look takes no seconds.

The program of marimo takes a browser one to some seconds to start. Until it has drawn the same figures, the page shows
them as plain HTML; then they give way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flows.dashboard import address, cards
from flows.dashboard.access import Access
from flows.dashboard.periods import START, Period, chosen, from_query, text_of
from flows.dashboard.shown import html
from flows.dashboard.stack import UNTIL_NOW, stacked, ticks, written
from flows.dashboard.visit import Visit
from flows.ground.errors import AgentMetricsError, InputError
from flows.published import performance
from flows.published.performance import filled, unit_of
from flows.warehouses import Warehouse


@dataclass(frozen=True)
class FirstLook:
    """`app`, whose page begins with the figures of the first warehouse."""

    app: ASGIApp
    warehouse: Warehouse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != "/":
            await self.app(scope, receive, send)
            return
        plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        start: Message = {}
        body = b""

        async def sending(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            if start["status"] == 200:
                look = await run_in_threadpool(self._look, dict(Request(scope).query_params), scope["meta"])
                first = f"<body>{html('clicks')}{look}".encode("utf-8", "replace")
                body = body.replace(b"<body>", first, 1)
                MutableHeaders(scope=start)["Content-Length"] = str(len(body))
            await send(start)
            await send({"type": "http.response.body", "body": body})

        await self.app({**scope, "headers": plain}, receive, sending)

    def _look(self, query: dict[str, Any], meta: dict[str, Any]) -> str:
        visit = Visit(self.warehouse, Access.of(meta))
        try:
            return first_look(visit, query)
        except AgentMetricsError:  # the page itself says what is wrong
            return ""
        finally:
            visit.renew()


def first_look(visit: Visit, query: dict[str, Any]) -> str:
    """Header, key figures and chart of the address, as HTML; nothing where there is no account to look at."""
    publication, known = visit.publication(), visit.accounts()
    if not known:
        return ""
    memory = address.remembered(query)
    account = next((one for one in known if one.account_id == memory.get("account")), known[0])
    today = account.day_of(publication.as_of)
    period = _period(memory["dates"], today)
    wanted = memory.get("channel", "")
    channels = (wanted,) if wanted and wanted in performance.channels_of(visit.reader, account) else ()
    now = performance.key_figures(visit.reader, account, period.first, period.last, channels)
    was = performance.key_figures(visit.reader, account, *period.before, channels)
    bars = performance.bars(visit.reader, account, period.first, period.last, by="status", channels=channels)
    by = memory["by"]
    grouped = (
        bars
        if by == "status"
        else performance.bars(visit.reader, account, period.first, period.last, by=by, channels=channels)
    )
    chart = stacked(grouped, by, period.first, period.last)
    return html(
        "first_look",
        publication=publication,
        account=account,
        period=period,
        earlier=text_of(*period.before),
        rows={},
        ago=None,
        unit=unit_of(period.first, period.last),
        cards=cards.cards(now, was, account.currency, filled(bars, period.first, period.last)),
        chart=chart,
        ticks=ticks(chart.highest),
        labels=written(chart.columns),
        today=today,
        until_now=UNTIL_NOW,
    )


def _period(text: str, today: date) -> Period:
    try:
        return from_query(text, today)
    except InputError:
        return chosen(START, today)
