"""Who comes in, on a real server over real HTTP: this machine's people, or whoever has a token."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from flows.dashboard.access import Access, AllowedReader
from flows.dashboard.door import HEADERS, LONGEST_BODY, LONGEST_FORM, POLICY
from flows.dashboard.look import SECTIONS
from flows.ground.home import Home
from flows.published.accounts import accounts
from flows.published.conversations_csv import csv_lines
from flows.published.filters import Filters
from flows.warehouses.duckdb import DuckDBFile
from tests.dashboard.conftest import MANY, TOKENS
from tests.dashboard.serving import Page, serving

CSV = "conversations.csv"
DAYS = {"from": "2026-05-30", "to": "2026-06-30"}
PATHS = ["", *[one for one in SECTIONS if one != "overview"]]
PARTS = ["audiences/count", "audiences/segment.yml", "knowledge/article", CSV, "news"]


def export(page: Page, token: str | None = None, **query: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {TOKENS[token]}"} if token else {}
    return httpx.get(page.address + CSV, params={**DAYS, **query}, headers=headers, timeout=60)


def log_in(page: Page, token: str, wanted: str = "/", **headers: str) -> httpx.Response:
    url, given = page.address + "login", {"token": token}
    return httpx.post(url, params={"next": wanted}, data=given, headers=headers, timeout=60)


def pass_of(page: Page, token: str) -> dict[str, str]:
    (cookie,) = log_in(page, TOKENS[token]).cookies.items()
    return {"Cookie": "=".join(cookie)}


# Without tokens: for this machine alone


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_the_names_of_this_machine_are_answered(here: Page, name: str) -> None:
    port = urlsplit(here.address).port
    assert here.get(Host=f"{name}:{port}").status_code == 200
    assert here.get(Host=f"{name}:{port}", Origin=f"http://{name}:{port}").status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "127.0.0.2",
        "0.0.0.0",
        "evil@x",
        "[",
        "[::2]",
    ],
)
def test_a_name_that_a_stranger_pointed_here_is_not(here: Page, name: str) -> None:
    """DNS rebinding."""
    host = f"{name}:{urlsplit(here.address).port}"
    for path in (*PATHS, *PARTS, "static/page.css", "favicon.ico", "login"):
        answer = here.get(path, Host=host)
        assert (answer.status_code, answer.text) == (403, "This address is not served.")


@pytest.mark.parametrize("which", ["here", "guarded"])
@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://{name}:1", "http://other:{port}", "http://{host}@evil.example", "//[", ""],
)
def test_pages_of_other_sites_may_ask_for_nothing(request: pytest.FixtureRequest, which: str, origin: str) -> None:
    page: Page = request.getfixturevalue(which)
    parts = urlsplit(page.address)
    given = {"Origin": origin.format(host=page.host, name=parts.hostname, port=parts.port)}
    shown = pass_of(page, "WHOLE") if which == "guarded" else {}
    for path in (*PATHS, *PARTS, "static/page.js"):
        assert page.get(path, **shown, **given).status_code == 403
    for path in ("", "login", CSV):
        assert page.post(path, **shown, **given).status_code == 403
    assert page.get(**shown, Origin=page.address.rstrip("/")).status_code == 200


def test_without_tokens_there_is_nothing_to_log_in_to(here: Page) -> None:
    assert here.get("login").status_code == 404
    answer = log_in(here, "any token")
    assert answer.status_code == 404
    assert not answer.cookies


@pytest.mark.parametrize("which", ["here", "guarded"])
def test_every_answer_has_the_headers(request: pytest.FixtureRequest, which: str) -> None:
    page: Page = request.getfixturevalue(which)
    shown = pass_of(page, "WHOLE") if which == "guarded" else {}
    paths = (*PATHS, *PARTS, "static/page.css", "static/page.js", "static/none", "none", "favicon.ico", "login")
    answers = [
        *(page.get(path, **shown) for path in paths),
        page.get("", {"dates": "any", "first": "2026-06-01", "last": "2026-06-02"}, **shown),
        export(page, account="shop"),
        page.get(Host="evil.example"),
        page.get(**shown, Origin="https://evil.example"),
        page.get(),
        page.post(**shown),
        httpx.put(page.address, headers=shown),
        log_in(page, TOKENS["WHOLE"]),
    ]
    assert len({one.status_code for one in answers}) > 3
    for answer in answers:
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, answer.url
        is_static = answer.url.path.startswith("/static/")
        assert (answer.headers.get("Cache-Control") == "no-store") is not is_static, answer.url


def test_the_page_may_load_nothing_from_elsewhere() -> None:
    """Nor has it anything of its own between its tags."""
    directives = {name: set(sources) for name, *sources in (one.split() for one in POLICY.split(";"))}
    assert {source for sources in directives.values() for source in sources} <= {"'self'", "data:", "'none'"}
    assert [name for name, sources in directives.items() if "data:" in sources] == ["img-src"]
    for name in ("default-src", "frame-ancestors", "base-uri"):
        assert directives[name] == {"'none'"}
    assert directives["form-action"] == {"'self'"}


# What is answered


def test_the_page_s_own_files_are_answered(here: Page) -> None:
    files = set(re.findall(r'(?:src|href)="(static/[^"]+)"', here.get().text))
    assert files == {"static/page.css", "static/page.js", "static/asking.js", "static/icon.svg"}
    for file in files:
        answer = here.get(file)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].split(";")[0] in ("text/css", "text/javascript", "image/svg+xml")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW"])
def test_the_page_is_only_for_reading(here: Page, method: str) -> None:
    for path in (*PATHS, *PARTS, "static/page.css"):
        request = httpx.Request(method, here.address + path, headers={"Content-Length": "0"})
        with httpx.Client(timeout=60) as client:
            assert client.send(request).status_code in (400, 405), path
    for path in (*PATHS, *PARTS):
        head = httpx.head(here.address + path, params={"account": "shop", **DAYS}, timeout=60, follow_redirects=True)
        assert head.content == b""
        assert head.status_code in (200, 400)


@pytest.mark.parametrize(
    "path",
    [
        "static/../app.py",
        "static/../conversations.csv?account=shop&from=2026-05-30&to=2026-06-30",
        "static/%2e%2e/conversations.csv",
        "static/%2e%2e/app.py",
        "static/..%2f..%2fdashboard/app.py",
        "static//etc/passwd",
        "static/%00",
        "static/page.css%00",
        "static/",
        "static",
        "templates/base.html",
        "messages/de.po",
        "notebooks/performance.py",
        "sections/data.py",
        "//conversations.csv",
        "./..//conversations.csv",
        "conversations.csv/",
        "audiences/../conversations.csv/x",
        "ws",
        "health",
        "api/kernel/run",
    ],
)
def test_no_way_around(here: Page, guarded: Page, path: str) -> None:
    for page, also in ((here, 404), (guarded, 401)):
        status, headers, body = page.get_exactly(path)
        assert status in (307, 404, also), body
        if status == 307:  # an address with one slash more or less, on this page
            assert httpx.URL(page.address).join(headers["location"]).netloc.decode() == page.host
        assert not re.search(b"^import|root:|conversation_id", body)


def test_no_socket_is_opened(here: Page, guarded: Page) -> None:
    """The page has none; nor does one keep a connection for a stranger."""
    for page, more in ((here, ""), (guarded, ""), (guarded, f"Authorization: Bearer {TOKENS['WHOLE']}\r\n")):
        name, port = page.host.split(":")
        asked = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        asked += f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nHost: {page.host}\r\n{more}\r\n"
        with socket.create_connection((name, int(port)), timeout=60) as raw:
            raw.sendall(f"GET / HTTP/1.1\r\n{asked}".encode())
            assert raw.recv(100).split()[1] != b"101"


def test_no_body_is_too_long_to_refuse(here: Page) -> None:
    for content in (b"x" * (LONGEST_BODY + 1), (b"x" * 1000 for _ in range(10))):
        request = httpx.Request("GET", here.address, content=content)
        with httpx.Client(timeout=60) as client:
            assert client.send(request).status_code == 413


# With tokens


def knock(page: Page, **headers: str) -> None:
    """Nothing is answered but the form."""
    asked = ("?account=shop", f"{CSV}?account=shop&from=2026-05-30&to=2026-06-30", "none", "favicon.ico", "static")
    for path in (*PATHS, *PARTS, *asked):
        answer = page.get(path, **headers)
        assert answer.status_code == 401
        assert 'name="token"' in answer.text
        assert "set-cookie" not in answer.headers
    for path in ("", CSV, "none"):
        assert page.post(path, **headers).status_code == 401


def test_without_a_pass_there_is_only_the_form(guarded: Page) -> None:
    knock(guarded)


@pytest.mark.parametrize("shown", ["", "x", "0" * 64, TOKENS["WHOLE"]])
def test_what_is_no_pass_opens_nothing(guarded: Page, shown: str) -> None:
    """A token is not a pass either: it never stands in a cookie."""
    knock(guarded, Cookie=f"agent_metrics_pass={shown}")


def test_signs_of_no_known_script_open_nothing(guarded: Page) -> None:
    for header in ({b"Cookie": b"agent_metrics_pass=\xff\xc3\xa9"}, {b"Authorization": b"Bearer \xff\xc3\xa9"}):
        assert httpx.get(guarded.address, headers=header, timeout=60).status_code == 401


def test_the_form_remembers_where_to(guarded: Page) -> None:
    def action(path: str) -> str:
        return str(unescape(re.findall(r'action="([^"]*)"', guarded.get(path).text)[0]))

    assert action("?account=shop&dates=7") == "./login?next=%2F%3Faccount%3Dshop%26dates%3D7"
    assert action("one/two/three?x=1") == "../../login?next=%2Fone%2Ftwo%2Fthree%3Fx%3D1"
    hostile = guarded.get('x?"><script>alert(1)</script>')
    assert "<script" not in hostile.text
    address = httpx.URL(guarded.address + "one/two/three").join(action("one/two/three"))
    assert address.path == "/login"


def test_a_wrong_token_waits_and_nobody_else_does(guarded: Page) -> None:
    began = time.monotonic()
    answer = log_in(guarded, "wrong-token-0123456789", "/?account=other")
    assert time.monotonic() - began >= 1
    assert answer.status_code == 401
    assert "There is no such token." in answer.text
    assert "account%3Dother" in answer.text
    assert not answer.cookies
    assert "wrong-token" not in answer.text
    for token in ("", " ", TOKENS["WHOLE"][:-1], TOKENS["WHOLE"].upper(), "\x00", "é" * 20, TOKENS["WHOLE"] + " "):
        assert log_in(guarded, token).status_code == 401, token


def test_the_right_token_gives_a_pass(guarded: Page) -> None:
    answer = log_in(guarded, TOKENS["WHOLE"], "/?account=shop&dates=2026-06-01..2026-06-07")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/?account=shop&dates=2026-06-01..2026-06-07"
    cookie = answer.headers["Set-Cookie"]
    flags = {one.strip().lower() for one in cookie.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= flags
    assert "secure" not in flags
    assert not any(token in cookie for token in TOKENS.values())
    behind_tls = log_in(guarded, TOKENS["WHOLE"], **{"X-Forwarded-Proto": "https"}).headers["Set-Cookie"]
    assert "secure" in {one.strip().lower() for one in behind_tls.split(";")}
    shown = pass_of(guarded, "WHOLE")
    for path in PATHS:
        assert guarded.get(path, **shown).status_code == 200


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/x",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "\n//evil.example",
        "https:evil.example",
        "/x\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "//[",
        "/?next=//evil.example",
        "",
        "/é?ü=😀",
    ],
)
def test_nobody_is_sent_elsewhere(guarded: Page, wanted: str) -> None:
    answer = log_in(guarded, TOKENS["WHOLE"], wanted)
    assert answer.status_code == 303
    location = answer.headers["Location"]
    assert httpx.URL(guarded.address).join(location).netloc.decode() == guarded.host
    assert re.match(r"/(?![/\\])", location), location
    assert answer.headers.get_list("Set-Cookie") == [answer.headers["Set-Cookie"]]
    assert "a=b" not in answer.cookies


def test_programs_give_the_token_with_each_request(guarded: Page) -> None:
    assert export(guarded, "WHOLE", account="shop").status_code == 200
    for scheme in ("bearer", "BEARER"):
        assert guarded.get(Authorization=f"{scheme} {TOKENS['WHOLE']}").status_code == 200
    began = time.monotonic()
    wrong = guarded.get(CSV, Authorization="Bearer wrong-token-0123456789")
    assert (wrong.status_code, wrong.text) == (401, "There is no such token.")
    assert time.monotonic() - began >= 1
    basic = guarded.get(Authorization="Basic " + TOKENS["WHOLE"])
    assert basic.status_code == 401


def test_a_huge_form_is_not_read(guarded: Page) -> None:
    for content in (b"token=" + b"x" * LONGEST_FORM, (b"x" * 1000 for _ in range(10))):
        answer = httpx.post(guarded.address + "login", content=content, timeout=60)
        assert answer.status_code == 401
        assert "This is not a token." in answer.text


def test_the_form_is_shown_with_its_looks(guarded: Page) -> None:
    """Its style is the same for everybody, and needs no token."""
    for path in ("", "conversations", "audiences/count", "one/two"):
        style = re.findall(r'href="([^"]*page.css)"', guarded.get(path).text)
        assert len(style) == 1
        address = httpx.URL(guarded.address + path).join(style[0])
        assert httpx.get(address).headers["Content-Type"].startswith("text/css")


# The export


def lines_of(home: Home, account_id: str, access: Access, **query: str) -> bytes:
    with DuckDBFile(home).read() as whole:
        reader = AllowedReader(whole, access)
        (account,) = [one for one in accounts(reader) if one.account_id == account_id]
        return b"".join(csv_lines(reader, account, Filters.from_query({**DAYS, **query})))


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"statuses": "resolved,routed", "channels": "sms"},
        {"search": "100% wool_blend", "tags": '["", "a, b"]'},
        {"from": "2026-06-02", "to": "2026-06-02"},
        {"search": "no such thing"},
        {"is_sold": "yes", "unknown": "x"},
    ],
)
def test_the_export_is_what_the_filters_let_through(here: Page, asked_home: Home, query: dict[str, str]) -> None:
    answer = export(here, account="shop", **query)
    assert answer.status_code == 200
    assert answer.content == lines_of(asked_home, "shop", Access(), **query)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == "attachment; filename*=utf-8''conversations.csv"
    assert answer.content.count(b"\r\n") >= 1


def test_exports_differ_by_their_filters(here: Page) -> None:
    counts = [len(export(here, account="shop", **more).content) for more in ({}, {"statuses": "open"}, {"search": "-"})]
    assert counts[0] > counts[1] > counts[2]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"statuses": "solved"}, "statuses"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-06-07", "to": "2026-06-01"}, "from"),
        ({"least_messages": "-1"}, "least_messages"),
        ({"is_sold": "<script>"}, "is_sold"),
        ({"search": "x" * 201}, "search"),
        ({"search": "\x00"}, "search"),
        ({"account": "nobody"}, "account"),
        ({"account": ""}, "account"),
    ],
)
def test_what_is_wrong_with_an_export_is_said(here: Page, query: dict[str, str], said: str) -> None:
    answer = export(here, **{"account": "shop", **query})
    assert answer.status_code == 400
    first, why = answer.text.splitlines()
    assert first == f"Nothing is exported: “{said}” is wrong in the address."
    assert why
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "Traceback" not in answer.text


def test_a_token_of_one_account_exports_no_other(guarded: Page) -> None:
    """And is not told which others there are."""
    assert export(guarded, "AGENCY", account="other", search="c00").status_code == 200
    strange, unknown = export(guarded, "AGENCY", account="shop"), export(guarded, "AGENCY", account="nope")
    assert strange.status_code == unknown.status_code == 400
    assert strange.text.replace("shop", "nope") == unknown.text
    assert export(guarded, "WHOLE", account="shop").status_code == 200


def test_an_export_without_texts_has_none(guarded: Page, asked_home: Home) -> None:
    answer = export(guarded, "FIGURES", account="shop")
    header, *_ = answer.text.split("\r\n")
    assert "conversation_id" in header
    assert "first_question" not in header
    assert "profile_name" not in header
    assert answer.content == lines_of(asked_home, "shop", Access(texts=False))
    assert "first_question" in export(guarded, "WHOLE", account="shop").text
    for query in ({"search": "wool_blend"}, {"profile": "Müller"}):  # nor can they be found out by looking for them
        assert export(guarded, "WHOLE", account="shop", **query).content.count(b"\r\n") > 1
        assert export(guarded, "FIGURES", account="shop", **query).content.count(b"\r\n") == 1


def reads(page: Page, home: Home) -> bool:
    """Whether the process holds the published file open."""
    files = [one.readlink() for one in Path(f"/proc/{page.process.pid}/fd").iterdir() if one.is_symlink()]
    return home.published_file in files


def until(is_so: Callable[[], bool], seconds: float = 20) -> bool:
    ends = time.monotonic() + seconds
    while not is_so() and time.monotonic() < ends:
        time.sleep(0.1)
    return is_so()


def test_an_export_streams_and_keeps_nobody_waiting(asked_home: Home, tmp_path: Path) -> None:
    """Its first rows travel before the last are read; who hangs up leaves nothing open, who reads on has them all."""
    with serving(tmp_path, "--home", str(asked_home.root)) as page:
        query = {"account": "other", **DAYS}
        with httpx.stream("GET", page.address + CSV, params=query, timeout=60) as answer:
            parts = answer.iter_raw(1000)  # without it the connection would end
            assert next(parts).startswith(b"conversation_id,")
            assert "Content-Length" not in answer.headers
            time.sleep(2)
            assert reads(page, asked_home)
            assert page.get("", {"account": "shop"}).status_code == 200  # while the rows above wait to be read
            assert export(page, account="shop").status_code == 200
        assert until(lambda: not reads(page, asked_home))
        whole = export(page, account="other")
        assert len(whole.content) > MANY * 650
        assert whole.content.count(b"\r\n") == MANY + 2
        assert until(lambda: not reads(page, asked_home))


def test_tokens_and_passes_are_told_nobody(guarded: Page) -> None:
    """Not in what the process says, nor in its arguments; this is the last test, so that there was something to say."""
    said = guarded.out.read_text() + guarded.err.read_text()
    said += Path(f"/proc/{guarded.process.pid}/cmdline").read_text()
    passes = [parse_qs(pass_of(guarded, token)["Cookie"])["agent_metrics_pass"][0] for token in TOKENS]
    assert "address" in said
    assert not [secret for secret in (*TOKENS.values(), *passes, "wrong-token-0123456789") if secret in said]
    assert "Traceback" not in said


def test_the_door_speaks_the_language_of_the_browser(guarded: Page) -> None:
    german = {"Accept-Language": "de-DE,de;q=0.9,en;q=0.5"}
    asked = httpx.get(guarded.address, headers=german, timeout=60)
    assert '<html lang="de">' in asked.text
    assert "Token dieser Seite" in asked.text
    form = {"token": "wrong-token-0123456789"}
    wrong = httpx.post(guarded.address + "login", data=form, headers=german, timeout=60)
    assert "Dieses Token gibt es nicht." in wrong.text
    strange = httpx.get(guarded.address, headers={**german, "Origin": "https://elsewhere.example"}, timeout=60)
    assert (strange.status_code, strange.text) == (403, "Diese Adresse wird nicht bedient.")
    assert '<html lang="en">' in httpx.get(guarded.address, timeout=60).text
