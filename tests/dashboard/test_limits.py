"""Nobody keeps the page from answering others: 400 half-sent requests stayed open, and 60 visits took a gigabyte."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from flows.dashboard import door, limits
from flows.dashboard.access import Access, Tokens
from flows.dashboard.door import Door
from flows.dashboard.limits import BUSY, FULL, Impatient
from flows.ground.home import Home
from flows.warehouses.duckdb import DuckDBFile

TOKENS = Tokens((("a-token-0123456789", Access()),))
NOBODY = Tokens(())
OPEN = frozenset({"s_known"})


async def greets(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close"})
        return
    await PlainTextResponse("hello")(scope, receive, send)


@contextmanager
def served(home: Home, tokens: Tokens = NOBODY) -> Iterator[tuple[str, int]]:
    """A server as that of the page, before a small app; where it listens."""
    app = Door(greets, DuckDBFile(home), tokens, lambda: OPEN)
    server = uvicorn.Server(uvicorn.Config(app, http=Impatient, log_level="warning", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield listening.getsockname()
        finally:
            server.should_exit = True
            thread.join(30)


def sent(at: tuple[str, int], *parts: bytes) -> bytes:
    """What is answered to the parts, sent one after the other, until the server hangs up; fails where it does not."""
    with socket.create_connection(at, timeout=30) as raw:
        for part in parts:
            raw.sendall(part)
            time.sleep(0.05)
        answer = b""
        while more := raw.recv(10_000):
            answer += more
        return answer


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HEAD_WITHIN", 0.5)
    monkeypatch.setattr(limits, "BODY_WITHIN", 0.5)


@pytest.mark.parametrize("parts", [[], [b"GET / HT"], [b"GET / HTTP/1.1\r\nHost: localhost\r\n"]])
def test_who_begins_a_request_and_does_not_go_on_is_left(tmp_path: Path, parts: list[bytes]) -> None:
    with served(Home(tmp_path)) as at:
        assert sent(at, *parts) == b""


def test_a_byte_now_and_then_does_not_put_it_off(tmp_path: Path) -> None:
    def trickle(raw: socket.socket) -> None:
        for byte in b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Padding: " + b"x" * 10_000:
            raw.sendall(bytes([byte]))
            time.sleep(0.02)

    with (
        served(Home(tmp_path)) as at,
        socket.create_connection(at, timeout=30) as raw,
        pytest.raises(OSError, match=r"Broken pipe|reset"),
    ):
        trickle(raw)


def test_who_asks_again_on_the_same_connection_is_answered(tmp_path: Path) -> None:
    with served(Home(tmp_path)) as (host, port), httpx.Client(base_url=f"http://{host}:{port}") as client:
        for _ in range(3):
            assert client.get("/health").text == "hello"
            time.sleep(0.3)


@pytest.mark.parametrize("hangs_up", [False, True])
def test_a_form_that_is_not_sent_to_its_end_is_no_defect(
    tmp_path: Path, hangs_up: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Each visitor who hung up while the form was sent left a traceback."""
    head = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\ntoken=a"
    with served(Home(tmp_path), TOKENS) as at:
        with socket.create_connection(at, timeout=30) as raw:
            raw.sendall(head)
            if not hangs_up:
                raw.recv(1000)
        host, port = at
        assert httpx.get(f"http://{host}:{port}/health").status_code == 401
    assert not [record for record in caplog.records if record.exc_info]


def test_a_full_server_says_so_and_keeps_its_visits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "MOST_VISITS", 1)
    with served(Home(tmp_path)) as (host, port):
        full = httpx.get(f"http://{host}:{port}/")
        assert (full.status_code, full.text) == (503, FULL)
        assert httpx.get(f"http://{host}:{port}/health").text == "hello"
        upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        for session, status in (("s_new", b"403"), ("s_known", b"101")):
            asked = f"GET /ws?session_id={session} HTTP/1.1\r\nHost: localhost\r\n{upgrade}"
            answer = sent((host, port), f"{asked}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode())
            assert answer.split()[1] == status


def test_only_some_exports_are_made_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "MOST_EXPORTS", 0)
    with served(Home(tmp_path)) as (host, port):
        busy = httpx.get(f"http://{host}:{port}/conversations.csv?account=a")
    assert (busy.status_code, busy.text) == (503, BUSY)
