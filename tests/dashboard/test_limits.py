"""Nobody keeps the page from answering others: 400 half-sent requests stayed open."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from anyio import CapacityLimiter
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from flows.dashboard import app, limits
from flows.dashboard.access import Access, Tokens
from flows.dashboard.app import Pages
from flows.dashboard.door import Door
from flows.dashboard.limits import BUSY, FULL
from flows.dashboard.look import Installation
from flows.ground.home import Home
from flows.warehouses.duckdb import DuckDBFile
from tests.dashboard.serving import in_thread

TOKENS = Tokens((("a-token-0123456789", Access()),))
NOBODY = Tokens(())


async def greets(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("hello")(scope, receive, send)


@contextmanager
def served(tokens: Tokens = NOBODY) -> Iterator[tuple[str, int]]:
    """A server as that of the page, before a small app; where it listens."""
    with in_thread(Door(greets, tokens)) as address:
        yield at(address)


def at(address: str) -> tuple[str, int]:
    url = httpx.URL(address)
    assert url.port
    return url.host, url.port


def sent(place: tuple[str, int], *parts: bytes) -> bytes:
    """What is answered to the parts, sent one after the other, until the server hangs up; fails where it does not."""
    with socket.create_connection(place, timeout=30) as raw:
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
def test_who_begins_a_request_and_does_not_go_on_is_left(parts: list[bytes]) -> None:
    with served() as place:
        assert sent(place, *parts) == b""


def test_a_byte_now_and_then_does_not_put_it_off() -> None:
    def trickle(raw: socket.socket) -> None:
        for byte in b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Padding: " + b"x" * 10_000:
            raw.sendall(bytes([byte]))
            time.sleep(0.02)

    with (
        served() as place,
        socket.create_connection(place, timeout=30) as raw,
        pytest.raises(OSError, match=r"Broken pipe|reset"),
    ):
        trickle(raw)


def test_who_asks_again_on_the_same_connection_is_answered() -> None:
    with served() as (host, port), httpx.Client(base_url=f"http://{host}:{port}") as client:
        for _ in range(3):
            assert client.get("/health").text == "hello"
            time.sleep(0.3)


@pytest.mark.parametrize("hangs_up", [False, True])
def test_a_form_that_is_not_sent_to_its_end_is_no_defect(hangs_up: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Each visitor who hung up while the form was sent left a traceback."""
    head = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\ntoken=a"
    with served(TOKENS) as place:
        with socket.create_connection(place, timeout=30) as raw:
            raw.sendall(head)
            if not hangs_up:
                raw.recv(1000)
        host, port = place
        assert httpx.get(f"http://{host}:{port}/health").status_code == 401
    assert not [record for record in caplog.records if record.exc_info]


def test_a_full_page_says_so_and_answers_who_came_before(asked_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answer takes a connection to the warehouse: a thousand at once were no faster, and took all memory."""
    monkeypatch.setattr(app, "MOST_WAITING", 2)
    pages = Pages(DuckDBFile(asked_home), Installation(), CapacityLimiter(1))
    statuses: list[int] = []
    with in_thread(Door(pages.app(), NOBODY)) as address:

        def look() -> None:
            answer = httpx.get(f"{address}conversations?account=other", timeout=60)
            assert answer.text == FULL if answer.status_code == 503 else "list-title" in answer.text
            statuses.append(answer.status_code)

        visitors = [threading.Thread(target=look) for _ in range(9)]
        for visitor in visitors:
            visitor.start()
        for visitor in visitors:
            visitor.join()
        assert set(statuses) == {200, 503}
        assert httpx.get(f"{address}static/page.css").status_code == 200
        assert httpx.get(f"{address}?account=shop", timeout=60).status_code == 200


def test_only_some_exports_are_made_at_once_and_who_hangs_up_makes_room(
    asked_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "MOST_EXPORTS", 1)
    pages = Pages(DuckDBFile(asked_home), Installation())
    with in_thread(Door(pages.app(), NOBODY)) as address, ExitStack() as readers:
        url = f"{address}conversations.csv?account=other&from=2026-05-30&to=2026-06-30"

        def begin() -> tuple[int, Iterator[bytes]]:
            answer = readers.enter_context(httpx.stream("GET", url, timeout=60))
            return answer.status_code, answer.iter_raw(1000)

        status, parts = begin()
        assert status == 200
        assert next(parts).startswith(b"conversation_id,")
        busy = httpx.get(url, timeout=60)
        assert (busy.status_code, busy.text) == (503, BUSY)
        assert httpx.get(f"{address}?account=shop", timeout=60).status_code == 200  # others look on
        readers.close()
        patience = time.monotonic() + 20
        while pages.exports and time.monotonic() < patience:
            time.sleep(0.05)
        assert not pages.exports
        wrong = httpx.get(url.replace("2026-06-30", "x"), timeout=60)
        assert wrong.status_code == 400
        assert not pages.exports
        with httpx.stream("GET", url, timeout=60) as again:
            assert again.status_code == 200
