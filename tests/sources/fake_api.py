"""Servers that speak the APIs of the sources over real HTTP, on loopback, as strictly as the real ones.

A fake answers from its records; what goes wrong now and then is decided here, the same for all of them.
"""

from __future__ import annotations

import json
import random
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request; names of headers are in lower case, a parameter given twice counts as given last."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body or b"null")


LOST = 0  # the status of an answer that never arrives: the connection is closed instead


@dataclass
class Answer:
    """A body that is None is empty."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class FakeApi:
    """A server; `answer` is what it is about. Entered, it listens at `url`; `asked` are the requests, in order.

    `faults`: the share of requests that fail for a reason that goes by: 429 with Retry-After, or a 5xx.
    """

    def __init__(self, *, faults: float = 0.0, seed: int = 1) -> None:
        self.asked: list[Asked] = []
        self.faults = faults
        self.before: Callable[[Asked], None] = lambda asked: None  # what happens over there meanwhile
        self._rng = random.Random(seed)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, asked: Asked) -> Answer:
        raise NotImplementedError

    def paths(self) -> list[str]:
        return [one.path for one in self.asked]

    def __enter__(self) -> Any:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if self._rng.random() < self.faults:
            if self._rng.random() < 0.5:
                return Answer(429, {"error": "slow down"}, {"Retry-After": "0"})
            return Answer(self._rng.choice([500, 502, 503]), "<html>Oops</html>")
        self.before(asked)
        return self.answer(asked)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16  # else head and body are two packets, and the second waits for an answer to the first
            disable_nagle_algorithm = True

            def handle_any(self) -> None:
                parts = urlsplit(self.path)
                asked = Asked(
                    self.command,
                    parts.path,
                    dict(parse_qsl(parts.query, keep_blank_values=True)),
                    {name.lower(): value for name, value in self.headers.items()},
                    self.rfile.read(int(self.headers.get("Content-Length") or 0)),
                )
                answer = fake._answer(asked)
                if answer.status == LOST:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
                body = b"" if answer.body is None else body
                self.send_response(answer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815

            def log_message(self, *_: object) -> None:
                return

        return Handler
