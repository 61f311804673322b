"""Serves the page: one process, which answers each request from what is published then."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Callable

from flows.dashboard.access import Tokens
from flows.dashboard.look import Installation
from flows.ground.errors import InputError
from flows.ground.extras import needing
from flows.warehouses import Warehouse

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
FINISH_WITHIN = 3  # seconds for what is on its way when the page ends


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
    if host not in LOOPBACK and not tokens:
        what = f"served on {host}, the page could be seen by everybody who reaches this machine"
        raise InputError(what, remedy="set a token under [[dashboard.tokens]] (agent-metrics.example.toml), or --host")
    listening = _listen(host, port)
    with needing("dashboard", "the page"):
        import uvicorn  # noqa: PLC0415

        from flows.dashboard.app import Pages  # noqa: PLC0415
        from flows.dashboard.door import Door  # noqa: PLC0415
        from flows.dashboard.limits import MOST_CONNECTIONS, Impatient  # noqa: PLC0415

    config = uvicorn.Config(
        Door(Pages(warehouse, installation).app(), tokens),
        http=Impatient,
        limit_concurrency=MOST_CONNECTIONS,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=FINISH_WITHIN,
    )

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # what is cut off now is not an error
            await super().shutdown(sockets)

    server = Server(config)
    if threading.current_thread() is threading.main_thread():
        # uvicorn passes the signal on when it is done; it is what this command waits for, and no error
        signal.signal(signal.SIGINT, server.handle_exit)
        signal.signal(signal.SIGTERM, server.handle_exit)
    shown = f"[{host}]" if ":" in host else host
    ready(f"http://{shown}:{listening.getsockname()[1]}/")
    server.run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        where, remedy = f"{host}:{port}", "choose another --port, or 0 for any free port"
        raise InputError(f"nothing can be served there ({error.strerror})", where=where, remedy=remedy) from None
    return listening
