"""Where a server of this machine listens."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from flows.ground.errors import InputError

OF_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 is any free one. Raises InputError where that cannot be."""
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


def address(listening: socket.socket, host: str) -> str:
    """Its address for a browser."""
    return f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}/"


def is_meant(host: str, origin: str | None, *, is_guarded: bool) -> bool:
    """Whether a request with these headers is for this server, and comes from no page of another site.

    Without a guard only names of this machine are answered, so that no name of a stranger can be made to point here.
    """
    try:
        if not is_guarded and urlsplit(f"//{host}").hostname not in OF_THIS_MACHINE:
            return False
        return origin is None or (bool(host) and urlsplit(origin).netloc == host)
    except ValueError:  # `[` is not a host
        return False
