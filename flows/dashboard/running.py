"""A server of this process, from its first answer until somebody ends it."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from flows.dashboard.limits import Impatient

FINISH_WITHIN = 3  # seconds for what is on its way when the server ends


def until_stopped(app: ASGIApp, listening: socket.socket, most_connections: int, ready: Callable[[], None]) -> None:
    """Serve until Ctrl-C or SIGTERM. Who opens a connection and does not go on is hung up on."""

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # what is cut off now is not an error
            await super().shutdown(sockets)

    config = uvicorn.Config(
        app,
        http=Impatient,
        ws="none",
        limit_concurrency=most_connections,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=FINISH_WITHIN,
    )
    server = Server(config)
    if threading.current_thread() is threading.main_thread():
        # uvicorn passes the signal on when it is done; it is what the command waits for, and no error
        signal.signal(signal.SIGINT, server.handle_exit)
        signal.signal(signal.SIGTERM, server.handle_exit)
    ready()
    server.run(sockets=[listening])
