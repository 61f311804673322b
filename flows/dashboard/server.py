"""Serves the page: one process, which answers each request from what is published then."""

from __future__ import annotations

import threading
from collections.abc import Callable

from flows.dashboard.access import Tokens
from flows.dashboard.look import Installation
from flows.ground.errors import InputError
from flows.ground.extras import needing
from flows.ground.listening import OF_THIS_MACHINE, address, listen
from flows.warehouses import Warehouse

MOST_CONNECTIONS = 500  # open at once; more are answered with 503


def serve(
    warehouse: Warehouse,
    tokens: Tokens,
    installation: Installation,
    *,
    host: str,
    port: int,
    ready: Callable[[str], None],
) -> None:
    """Serve the page until Ctrl-C or SIGTERM.

    `ready` is called with the address as soon as the page answers there. Port 0 is any free port.

    Raises InputError where the port is taken, where others than this machine's people could come without a
    token, and where the extra `dashboard` is not installed.
    """
    if host not in OF_THIS_MACHINE and not tokens:
        what = f"served on {host}, the page could be seen by everybody who reaches this machine"
        raise InputError(what, remedy="set a token under [[dashboard.tokens]] (agent-metrics.example.toml), or --host")
    listening = listen(host, port)
    with needing("dashboard", "the page"):
        from flows.dashboard.app import Pages  # noqa: PLC0415
        from flows.dashboard.door import Door  # noqa: PLC0415
        from flows.dashboard.running import until_stopped  # noqa: PLC0415

    app = Door(Pages(warehouse, installation).app(), tokens)
    threading.Thread(target=_prepare, daemon=True).start()
    until_stopped(app, listening, MOST_CONNECTIONS, lambda: ready(address(listening, host)))


def _prepare() -> None:
    """Read the phrases by which examples and drafts are shown, before the first visitor waits for them."""
    from flows.questions import context, wording  # noqa: PLC0415

    wording.kind_of("")
    context.follows_up_of("a")
