"""Serves the answers: over HTTP until it is interrupted, or to one client over stdin and stdout."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable

from flows.answers.page import Page
from flows.dashboard.access import Access, Tokens
from flows.ground.errors import InputError
from flows.ground.extras import needing
from flows.ground.listening import OF_THIS_MACHINE, address, listen
from flows.warehouses import Warehouse

EXTRA, WHAT = "serve", "`agent-metrics serve`"
MOST_CONNECTIONS = 100  # open at once; more are answered with 503
FINISH_WITHIN = 3  # seconds for what is on its way when the server ends


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
        import uvicorn  # noqa: PLC0415  what follows takes most of a second

        from flows.answers.app import Served  # noqa: PLC0415
        from flows.dashboard.limits import Impatient  # noqa: PLC0415

    config = uvicorn.Config(
        Served(warehouse, tokens, page).app(),
        http=Impatient,
        ws="none",
        limit_concurrency=MOST_CONNECTIONS,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=FINISH_WITHIN,
    )
    logging.getLogger("mcp").setLevel(logging.ERROR)  # it warns of each request that is not the protocol's
    server = uvicorn.Server(config)
    if threading.current_thread() is threading.main_thread():
        # uvicorn passes the signal on when it is done; it is what this command waits for, and no error
        signal.signal(signal.SIGINT, server.handle_exit)
        signal.signal(signal.SIGTERM, server.handle_exit)
    ready(address(listening, host))
    server.run(sockets=[listening])


def serve_stdio(warehouse: Warehouse, page: Page) -> None:
    """Answer the client that started this process, until it hangs up. Who may start it may read the warehouse."""
    with needing(EXTRA, WHAT):
        import anyio  # noqa: PLC0415

        from flows.answers.answering import Answers  # noqa: PLC0415
        from flows.answers.tools import over_stdio, tools  # noqa: PLC0415

    answers = Answers(warehouse, Access(), page)
    anyio.run(over_stdio, tools(lambda _context: answers))
