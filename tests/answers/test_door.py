"""Who is answered, on a real server over real HTTP: this machine's people, or whoever has a token."""

from __future__ import annotations

import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from flows.answers.door import LONGEST_BODY, LONGEST_QUERY, MOST_AT_ONCE, SLOW_DOWN, TOOLS
from flows.ground.home import Home
from tests.answers.conftest import TOKENS
from tests.answers.serving import Server, bearer, refused, serving
from tests.gaps.shop import publish_to
from tests.published.shop import asked_shop

JUNE = {"from": "2026-06-01", "to": "2026-06-07"}
PATHS = ("v1/metrics", "v1/query", "v1/openapi.json", "mcp", "nothing")


def port_of(server: Server) -> int:
    return urlsplit(server.address).port or 0


def statuses(server: Server, **headers: str) -> set[int]:
    """Of every address, asked as whatever reads there would."""
    found = set()
    for path in PATHS:
        ask = httpx.post if path == "mcp" else httpx.get
        found.add(ask(server.address + path, headers=headers, timeout=60).status_code)
    return found


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_without_tokens_the_names_of_this_machine_are_answered(here: Server, name: str) -> None:
    host = f"{name}:{port_of(here)}"
    for more in ({}, {"Origin": f"http://{host}"}):
        answer = httpx.get(f"{here.address}v1/metrics", headers={"Host": host, **more}, timeout=60)
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "name", ["evil.example", "127.0.0.1.evil.example", "127.0.0.2", "0.0.0.0", "evil@x", "[", "[::2]"]
)
def test_a_name_that_a_stranger_pointed_here_is_not(here: Server, name: str) -> None:
    """DNS rebinding."""
    assert statuses(here, Host=f"{name}:{port_of(here)}") == {403}


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1", "https://[", "file://"])
def test_pages_of_other_sites_may_ask_for_nothing(here: Server, guarded: Server, origin: str) -> None:
    assert statuses(here, Origin=origin) == {403}
    assert statuses(guarded, Origin=origin, **bearer(TOKENS["WHOLE"])) == {403}


def test_with_tokens_every_address_needs_one(guarded: Server) -> None:
    assert statuses(guarded) == {401}
    assert statuses(guarded, Authorization="Basic d2hvbGU6dG9rZW4=") == {401}
    refused = guarded.get("v1/metrics")
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.json()["error"]["remedy"] == "send `Authorization: Bearer <token>`"
    assert guarded.get("v1/metrics", TOKENS["WHOLE"]).status_code == 200
    whole = httpx.get(f"{guarded.address}v1/metrics", params={"token": TOKENS["WHOLE"]}, timeout=60)
    assert whole.status_code == 401  # an address is written down in many places


def test_a_wrong_token_waits_and_learns_nothing(guarded: Server) -> None:
    for wrong in (TOKENS["WHOLE"][:-1], f"{TOKENS['WHOLE']}x", "x" * 1000):
        began = time.monotonic()
        answer = guarded.get("v1/metrics", wrong)
        assert (answer.status_code, answer.json()["error"]["what"]) == (401, "there is no such token")
        assert time.monotonic() - began >= SLOW_DOWN


def test_a_token_of_one_account_never_learns_that_there_is_another(guarded: Server) -> None:
    """What is said of an account that is there is said of one that is not, word for word."""
    agency = TOKENS["AGENCY"]
    assert [one["account"] for one in guarded.json("v1/metrics", agency)["accounts"]] == ["other"]
    for path, asked in (
        ("v1/query", {**JUNE, "metrics": "volume"}),
        ("v1/explain", {**JUNE, "metric": "volume"}),
        ("v1/metrics/volume", {}),
    ):
        there, absent = (guarded.get(path, agency, account=name, **asked) for name in ("shop", "shxp"))
        assert (there.status_code, absent.status_code) == (404, 404)
        assert there.text.replace("shop", "shxp") == absent.text
        assert guarded.json(path, agency, **asked)
    whole = guarded.json("v1/metrics", TOKENS["WHOLE"])
    assert [one["account"] for one in whole["accounts"]] == ["other", "shop"]


def test_only_reading_is_answered_and_nothing_is_kept_on_its_way(here: Server) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        answer = httpx.request(method, f"{here.address}v1/metrics", timeout=60)
        assert (answer.status_code, answer.json()["error"]["what"]) == (405, "this is only for reading")
    for path in ("v1/metrics", "nothing"):
        headers = httpx.get(here.address + path, timeout=60).headers
        assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers
    assert httpx.head(f"{here.address}v1/metrics", timeout=60).status_code == 200


def test_what_is_too_long_is_refused_before_it_is_read(here: Server) -> None:
    long = httpx.post(f"{here.address}mcp", content=b"x" * (LONGEST_BODY + 1), timeout=60)
    assert (long.status_code, long.json()["error"]["what"]) == (413, "this is too long")
    query = httpx.get(f"{here.address}v1/query?metrics={'x' * LONGEST_QUERY}", timeout=60)
    assert query.status_code == 413

    def pieces() -> object:
        for _ in range(80):
            yield b"x" * 1024

    as_json = {"Content-Type": "application/json", "Accept": "application/json"}
    chunked = httpx.post(f"{here.address}mcp", content=pieces(), headers=as_json, timeout=60)  # type: ignore[arg-type]
    assert chunked.status_code == 413


def test_so_many_questions_at_once_and_no_more(here: Server) -> None:
    """Requests whose body does not come hold their places; the next one is told to come again, and then gets in."""
    head = f"POST {TOOLS} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
    held = []
    try:
        for _ in range(MOST_AT_ONCE):
            raw = socket.create_connection(("127.0.0.1", port_of(here)), timeout=60)
            raw.sendall(head.encode())
            held.append(raw)
        ends = time.monotonic() + 30
        while (answer := here.get("v1/openapi.json")).status_code == 200:
            assert time.monotonic() < ends
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    finally:
        for raw in held:
            raw.close()
    ends = time.monotonic() + 30
    while here.get("v1/openapi.json").status_code == 429:
        assert time.monotonic() < ends
        time.sleep(0.1)
    with ThreadPoolExecutor(4) as askers:
        several = list(askers.map(lambda _: here.get("v1/metrics").status_code, range(12)))
    assert several == [200] * 12


def test_no_token_is_ever_said(asked_home: Home, tmp_path: Path, guarded: Server) -> None:
    guarded.get("v1/metrics", TOKENS["WHOLE"])
    said = guarded.out.read_text() + guarded.err.read_text()
    assert not any(token in said for token in TOKENS.values())
    (tmp_path / "agent-metrics.toml").write_text('[[dashboard.tokens]]\ntoken = "canary-0123456789"\n', "utf-8")
    status, _, err = refused(tmp_path, "--home", str(asked_home.root))
    assert status == 2
    assert "canary" not in err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "shop.example"])
def test_others_need_a_token(tmp_path: Path, host: str) -> None:
    status, out, err = refused(tmp_path, "--port", "0", "--host", host)
    assert (status, out) == (2, "")
    assert f"Error: served on {host}, the figures could be asked for by everybody" in err


def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        status, _, err = refused(tmp_path, "--port", str(taken.getsockname()[1]))
    assert status == 2
    assert "nothing can be served there (Address already in use)" in err
    assert len(err.splitlines()) == 1


def test_before_the_first_publication_it_says_so_and_finds_what_is_published_then(tmp_path: Path) -> None:
    home = Home(tmp_path / "no" / "home")
    with serving(tmp_path, "--home", str(home.root)) as server:
        early = server.get("v1/metrics")
        assert early.status_code == 503
        assert early.json()["error"]["remedy"] == "run `agent-metrics run` first"
        assert str(tmp_path) not in early.text
        assert not home.root.exists()  # it only reads
        home.root.mkdir(parents=True)
        publish_to(home, asked_shop())
        first = server.json("v1/metrics")["publication"]
        publish_to(home, asked_shop())
        assert server.json("v1/metrics")["publication"]["publication_id"] > first["publication_id"]
        home.published_file.write_bytes(b"not a database")
        broken = server.get("v1/metrics")
        assert broken.status_code == 503
        assert str(tmp_path) not in broken.text


@pytest.mark.parametrize("word", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it(asked_home: Home, tmp_path: Path, word: signal.Signals) -> None:
    with serving(tmp_path, "--home", str(asked_home.root)) as server:
        assert server.get("v1/metrics").status_code == 200
        server.process.send_signal(word)
        assert server.process.wait(30) == 0
        assert server.err.read_text() == ""
