"""Serves the answers: over HTTP until it is interrupted, or to one client over stdin and stdout."""

from __future__ import annotations

import logging
from collections.abc import Callable

from flows.answers.page import Page
from flows.dashboard.access import Access, Tokens
from flows.ground.errors import InputError
from flows.ground.extras import needing
from flows.ground.listening import OF_THIS_MACHINE, address, listen
from flows.warehouses import Warehouse

EXTRA, WHAT = "serve", "`agent-metrics serve`"
MOST_CONNECTIONS = 100  # open at once; more are answered with 503


def serve(
    warehouse: Warehouse, tokens: Tokens, page: Page, *, host: str, port: int, ready: Callable[[str], None]
) -> None:
    """Answer over HTTP until Ctrl-C or SIGTERM; `ready` is called with the address. Port 0 is any free port.

    Raises InputError where the port is taken, where others than this machine's people could ask without a token, and
    where the extra `serve` is not installed.
    """
    if host not in OF_THIS_MACHINE and not tokens:
        what = f"served on {host}, the figures could be asked for by everybody who reaches this machine"
        raise InputError(what, remedy="set a token under [[dashboard.tokens]] (agent-metrics.example.toml), or --host")
    listening = listen(host, port)
    with needing(EXTRA, WHAT):
        from flows.answers.app import Served  # noqa: PLC0415  which takes most of a second
        from flows.dashboard.running import until_stopped  # noqa: PLC0415

    logging.getLogger("mcp").setLevel(logging.ERROR)  # it warns of each request that is not the protocol's
    app = Served(warehouse, tokens, page).app()
    until_stopped(app, listening, MOST_CONNECTIONS, lambda: ready(address(listening, host)))


def serve_stdio(warehouse: Warehouse, page: Page) -> None:
    """Answer the client that started this process, until it hangs up. Who may start it may read the warehouse."""
    with needing(EXTRA, WHAT):
        import anyio  # noqa: PLC0415

        from flows.answers.answering import Answers  # noqa: PLC0415
        from flows.answers.tools import over_stdio, tools  # noqa: PLC0415

    answers = Answers(warehouse, Access(), page)
    anyio.run(over_stdio, tools(lambda _context: answers))
