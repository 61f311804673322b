"""`agent-metrics dashboard`: what it refuses before it listens, what it says, and how it ends."""

from __future__ import annotations

import json
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest

from flows.ground.home import Home
from tests.dashboard.markup import figures, parsed, words_of
from tests.dashboard.serving import begin, serving
from tests.gaps.shop import publish_to
from tests.published.shop import Shop

ENDS_WITHIN = 15  # seconds: 3 for what is on its way, and a busy machine
TOKEN = 'token = "env:{}"\n'


def said(folder: Path, *options: str, **environment: str) -> tuple[int, str, str]:
    """Status, stdout and stderr of a command that ends by itself."""
    process = begin(folder, *options, **environment)
    try:
        status = process.wait(120)
    finally:
        process.kill()
    return status, (folder / "out").read_text(), (folder / "err").read_text()


def settings(folder: Path, *names: str) -> None:
    text = "".join(f"[[dashboard.tokens]]\n{TOKEN.format(name)}" for name in names)
    (folder / "agent-metrics.toml").write_text(text, "utf-8")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "127.0.0.2", "shop.example"])
def test_others_need_a_token(tmp_path: Path, host: str) -> None:
    """Refused before anything listens: 192.0.2.1 is not an address of this machine, and that is not what is said."""
    status, out, err = said(tmp_path, "--port", "0", "--host", host)
    assert (status, out) == (2, "")
    assert err == (
        f"Error: served on {host}, the page could be seen by everybody who reaches this machine; set a token under "
        "[[dashboard.tokens]] (agent-metrics.example.toml), or --host\n"
    )


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, out, err = said(tmp_path, "--port", str(port))
    assert (status, out) == (2, "")
    assert f"127.0.0.1:{port}: nothing can be served there (Address already in use); choose another --port" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--port", "70000"], "'--port': Input should be less than or equal to 65535"),
        (["--port", "x"], "'--port': Input should be a valid integer"),
        (["--host", "no such host"], "served on no such host"),
        (["--warehouse", "oracle"], "this is not a warehouse"),
    ],
)
def test_options_that_are_wrong(tmp_path: Path, options: list[str], complaint: str) -> None:
    status, out, err = said(tmp_path, *options)
    assert (status, out) == (2, "")
    assert complaint in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("names", "environment", "complaint"),
    [
        (
            ["SHORT"],
            {"SHORT": "fifteen letters"},
            "dashboard.tokens, env:SHORT: the token has fewer than 16 characters",
        ),
        (["NONE"], {}, "the environment variable NONE is not set"),
        (["EMPTY"], {"EMPTY": ""}, "the environment variable EMPTY is not set"),
        (["ONE", "TWO"], dict.fromkeys(("ONE", "TWO"), "canary-0123456789"), "env:TWO: two tokens are the same"),
    ],
)
def test_tokens_that_are_wrong(tmp_path: Path, names: list[str], environment: dict[str, str], complaint: str) -> None:
    settings(tmp_path, *names)
    status, out, err = said(tmp_path, "--port", "0", **environment)
    assert (status, out) == (2, "")
    assert complaint in err
    assert len(err.splitlines()) == 1
    assert not any(value and value in err for value in environment.values())


def test_a_token_in_the_settings_themselves_is_refused(tmp_path: Path) -> None:
    (tmp_path / "agent-metrics.toml").write_text('[[dashboard.tokens]]\ntoken = "canary-0123456789"\n', "utf-8")
    status, _, err = said(tmp_path, "--port", "0")
    assert status == 2
    assert "env:NAME" in err
    assert "canary" not in err


def test_people_are_told_where_it_is(tmp_path: Path) -> None:
    publish_to(Home(tmp_path / "home"), Shop())
    process = begin(tmp_path, "--port", "0", "--home", str(tmp_path / "home"))
    try:
        ends = time.monotonic() + 120
        while "Ctrl-C" not in (told := (tmp_path / "out").read_text()):
            assert time.monotonic() < ends
            time.sleep(0.1)
        first, second, third = told.splitlines()
        name, address = first.split()
        assert name == "Dashboard"
        assert second.split() == ["Reads", str(tmp_path / "home" / "warehouse.duckdb")]
        assert third == "Ctrl-C ends it."
        assert httpx.get(address, timeout=60).status_code == 200
    finally:
        process.kill()
        process.wait(30)


def test_before_the_first_publication_it_is_served_and_says_so(tmp_path: Path) -> None:
    """Also for a home that is not there. What is published then is found, without starting it anew."""
    home = Home(tmp_path / "no" / "home")
    with serving(tmp_path, "--home", str(home.root)) as page:
        document = json.loads(page.out.read_text())
        assert document == {"address": page.address, "warehouse": str(home.published_file)}
        early_page = page.get()
        assert early_page.status_code == 200
        told = words_of(parsed(early_page.text))
        assert "Nothing is published yet." in told
        assert "agent-metrics run" in told
        assert figures(parsed(early_page.text)) == {}
        early = httpx.get(f"{page.address}conversations.csv?account=shop&from=2026-06-01&to=2026-06-02", timeout=60)
        assert early.status_code == 400
        assert early.text == "Nothing is published yet."
        assert not home.root.exists()  # it only reads
        shop = Shop()
        shop.conversation("only", "resolved")
        home.root.mkdir(parents=True)
        publish_to(home, shop)
        assert figures(parsed(page.get("", {"account": "shop", "dates": "30"}).text))["volume"] == "1"
        assert "Traceback" not in page.err.read_text()


@pytest.mark.parametrize("word", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it(asked_home: Home, tmp_path: Path, word: signal.Signals) -> None:
    """While somebody looks on, and somebody else does not read on what they export."""
    with serving(tmp_path, "--home", str(asked_home.root)) as page:
        query = {"account": "other", "from": "2026-05-30", "to": "2026-06-30"}
        with (
            httpx.Client(base_url=page.address, timeout=60) as looks_on,
            httpx.stream("GET", f"{page.address}conversations.csv", params=query, timeout=60) as answer,
        ):
            parts = answer.iter_raw(1000)
            assert next(parts)
            assert looks_on.get("", params={"account": "shop"}).status_code == 200
            began = time.monotonic()
            page.process.send_signal(word)
            assert page.process.wait(60) == 0
            assert time.monotonic() - began < ENDS_WITHIN
        err = page.err.read_text()
        assert "Traceback" not in err
        assert "Error" not in err
        assert json.loads(page.out.read_text())["address"] == page.address  # one document, as it was


def test_ctrl_c_twice_ends_it_at_once(asked_home: Home, tmp_path: Path) -> None:
    query = {"account": "other", "from": "2026-05-30", "to": "2026-06-30"}
    with (
        serving(tmp_path, "--home", str(asked_home.root)) as page,
        httpx.stream("GET", f"{page.address}conversations.csv", params=query, timeout=60) as answer,
    ):
        parts = answer.iter_raw(1000)
        assert next(parts)
        page.process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        page.process.send_signal(signal.SIGINT)
        assert page.process.wait(30) in {0, -signal.SIGINT}  # the latter where the second finds it nearly gone
        assert "Traceback" not in page.err.read_text()
