"""Who comes in, on a real server over real HTTP: this machine's people, or whoever has a token."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from marimo._server.api.router import build_routes

from flows.dashboard.access import Access
from flows.dashboard.door import HEADERS, LONGEST_BODY, LONGEST_FORM, POLICY
from flows.dashboard.visit import glance
from flows.ground.home import Home
from flows.published.conversations_csv import csv_lines
from flows.published.filters import Filters
from flows.warehouses.duckdb import DuckDBFile
from tests.dashboard.conftest import MANY, TOKENS
from tests.dashboard.serving import Page, drawn, serving

CSV = "conversations.csv"
DAYS = {"from": "2026-05-30", "to": "2026-06-30"}
MOVE = "api/kernel/set_ui_element_value"
NOTHING_MOVED: dict[str, list[object]] = {"objectIds": [], "values": []}
REFUSED = "The page does not ask for this."


def get(page: Page, path: str = "", **headers: str) -> httpx.Response:
    return httpx.get(page.address + path, headers=headers, timeout=60)


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
    assert get(here, Host=f"{name}:{port}").status_code == 200
    assert here.shake_hands(Host=f"{name}:{port}", Origin=f"http://{name}:{port}") == 101


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
    for path in ("", "health", CSV, "favicon.ico", "login"):
        answer = get(here, path, Host=host)
        assert (answer.status_code, answer.text) == (403, "This address is not served.")
    assert here.shake_hands(Host=host, Origin=f"http://{host}") == 403


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
    for path in ("", CSV, "health"):
        assert get(page, path, **shown, **given).status_code == 403
    for path in (MOVE, "login", CSV):
        assert httpx.post(page.address + path, headers={**shown, **given}, json={}).status_code == 403
    assert page.shake_hands(**shown) == 101
    assert page.shake_hands(**shown, **given) == 403


def test_without_tokens_there_is_nothing_to_log_in_to(here: Page) -> None:
    assert get(here, "login").text == REFUSED
    assert log_in(here, "any token").text == REFUSED


@pytest.mark.parametrize("which", ["here", "guarded"])
def test_every_answer_has_the_headers(request: pytest.FixtureRequest, which: str) -> None:
    page: Page = request.getfixturevalue(which)
    shown = pass_of(page, "WHOLE") if which == "guarded" else {}
    html = get(page, **shown).text
    (script, *_) = re.findall(r'src="\./(assets/[^"]+)"', html)
    answers = [
        *(get(page, path, **shown) for path in ("", script, "assets/none", "none", CSV, "favicon.ico", "login")),
        export(page, account="shop"),
        get(page, Host="evil.example"),
        get(page, **shown, Origin="https://evil.example"),
        get(page),
        httpx.post(page.address + MOVE, headers=shown, json={}),
        httpx.put(page.address, headers=shown),
        log_in(page, TOKENS["WHOLE"]),
    ]
    assert len({one.status_code for one in answers}) > 3
    for answer in answers:
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, answer.url
        is_asset = answer.url.path.startswith("/assets/")
        assert (answer.headers.get("Cache-Control") == "no-store") is not is_asset, answer.url


def test_the_page_may_load_nothing_from_elsewhere() -> None:
    own = {"'self'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:", "'none'"}
    directives = [one.split() for one in POLICY.split(";")]
    assert {source for _, *sources in directives for source in sources} <= own
    assert {"default-src", "frame-ancestors", "form-action", "base-uri", "object-src"} <= {one[0] for one in directives}
    assert not any(set(sources) & {"data:", "blob:"} for name, *sources in directives if name == "default-src")


# What marimo answers


def test_what_the_page_needs_is_answered(here: Page) -> None:
    html = get(here).text
    paths = re.findall(r'(?:src|href)="\./([^"]+)"', html)
    assert len(paths) > 20
    for path in ["health", "public-files-sw.js", *paths]:
        assert get(here, path).status_code == 200, path


def test_everything_else_of_marimo_is_refused(here: Page) -> None:
    """Code, files, exports, packages, assistants, other visits, shutting down; and what a new version brings."""
    needed = {"/", "/health", f"/{MOVE}", "/ws", "/public-files-sw.js"}
    refused = set()
    for given, methods in leaves(build_routes()):
        path = re.sub(r"\{[^}]*\}", "x.py", given)
        if given in needed:
            continue
        if methods is None:
            assert here.shake_hands(path) == 403, path
        for method in methods or ():
            answer = httpx.request(method, here.address.rstrip("/") + path, json={} if method == "POST" else None)
            assert answer.status_code == 403, (method, path)
            assert method == "HEAD" or answer.text == REFUSED
        refused.add(path)
    assert {"/api/kernel/run", "/api/kernel/shutdown", "/api/kernel/read_code", "/api/files/download"} <= refused
    assert {"/api/packages/add", "/terminal/ws", "/api/export/html", "/api/ai/chat", "/sse", "/ws_sync"} <= refused
    assert len(refused) > 80


def leaves(routes: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, set[str] | None]]:
    """Paths and methods, None for a socket."""
    for route in routes:
        if hasattr(route, "routes"):
            yield from leaves(route.routes or (), prefix + route.path)
        else:
            yield prefix + route.path, getattr(route, "methods", None)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", MOVE),
        ("PUT", MOVE),
        ("POST", ""),
        ("POST", "assets/../api/kernel/run"),
        ("POST", "//api/kernel/run"),
        ("POST", "api/kernel/set_ui_element_value/"),
        ("GET", "public/../notebooks/performance.py"),
        ("GET", "assets/..%2f..%2f_server/main.py"),
        ("GET", "?file=/etc/passwd"),
        ("GET", "?kiosk=true"),
        ("OPTIONS", ""),
    ],
)
def test_no_way_around(here: Page, method: str, path: str) -> None:
    parts = urlsplit(here.address)
    request = httpx.Request(method, here.address, json={} if method == "POST" else None)
    request.url = httpx.URL(here.address).copy_with(raw_path=f"/{path}".encode())
    with httpx.Client(timeout=60) as client:
        answer = client.send(request)
    assert answer.status_code in ({403} if ".." not in path else {403, 404}), answer.text
    assert "import" not in answer.text
    assert parts.hostname == "127.0.0.1"


def test_a_visit_asks_for_no_other_notebook(here: Page) -> None:
    for query in ("&file=/etc/passwd", "&file=__new__", "&kiosk=true"):
        assert here.shake_hands(f"/ws?session_id=s_new{query}") == 403, query


def test_a_visit_is_drawn_without_the_source_of_the_notebook(here: Page) -> None:
    with here.visit("s_drawn") as visit:
        told = drawn(visit)
        moved = httpx.post(here.address + MOVE, headers={"Marimo-Session-Id": "s_drawn"}, json=NOTHING_MOVED)
        assert (moved.status_code, moved.json()) == (200, {"success": True})
    assert "data-figure" in told
    assert "Name of shop" in told
    assert "panels." not in told
    assert "served.visit" not in told
    unknown = httpx.post(here.address + MOVE, headers={"Marimo-Session-Id": "s_unknown"}, json=NOTHING_MOVED)
    assert unknown.status_code >= 400


@pytest.mark.parametrize(
    "dates", ["0001-01-01..0001-01-02", "9999-12-31..9999-12-31", "x", "..", "2026-06-07..2026-06-01"]
)
def test_no_dates_keep_the_page_from_being_shown(here: Page, dates: str) -> None:
    answer = get(here, f"?account=shop&dates={dates}&by=x&channel=x&event=x&conversation=x")
    assert answer.status_code == 200
    assert "first-look" in answer.text


def test_no_body_is_too_long_to_refuse(here: Page) -> None:
    long = b'{"objectIds": ["' + b"x" * LONGEST_BODY
    headers = {"Marimo-Session-Id": "s_long"}
    assert httpx.post(here.address + MOVE, content=long, headers=headers).status_code == 413
    endless = (b"x" * 1000 for _ in range(10))
    assert httpx.post(here.address + MOVE, content=endless, headers=headers).status_code == 413


# With tokens


def knock(page: Page, **headers: str) -> None:
    """Nothing is answered but the form."""
    for path in ("", CSV, f"{CSV}?account=shop&from=2026-05-30&to=2026-06-30", "health", "favicon.ico", "@file/1-x"):
        answer = get(page, path, **headers)
        assert answer.status_code == 401
        assert 'name="token"' in answer.text
        assert "set-cookie" not in answer.headers
    for path in (MOVE, "", CSV, "api/kernel/run"):
        assert httpx.post(page.address + path, headers=headers, json={}).status_code == 401
    assert page.shake_hands(**headers) == 403


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
        return str(unescape(re.findall(r'action="([^"]*)"', get(guarded, path).text)[0]))

    assert action("?account=shop&dates=7") == "login?next=%2F%3Faccount%3Dshop%26dates%3D7"
    assert action("one/two/three?x=1") == "../../login?next=%2Fone%2Ftwo%2Fthree%3Fx%3D1"
    hostile = get(guarded, 'x?"><script>alert(1)</script>')
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
    assert get(guarded, **shown).status_code == 200
    with guarded.visit("s_invited", **shown) as visit:
        assert visit.recv(timeout=60)


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
        assert get(guarded, Authorization=f"{scheme} {TOKENS['WHOLE']}").status_code == 200
    began = time.monotonic()
    wrong = get(guarded, CSV, Authorization="Bearer wrong-token-0123456789")
    assert (wrong.status_code, wrong.text) == (401, "There is no such token.")
    assert time.monotonic() - began >= 1
    basic = get(guarded, Authorization="Basic " + TOKENS["WHOLE"])
    assert basic.status_code == 401


def test_a_huge_form_is_not_read(guarded: Page) -> None:
    for content in (b"token=" + b"x" * LONGEST_FORM, (b"x" * 1000 for _ in range(10))):
        answer = httpx.post(guarded.address + "login", content=content, timeout=60)
        assert answer.status_code == 401
        assert "This is not a token." in answer.text


def test_a_visit_belongs_to_the_token_that_began_it(guarded: Page) -> None:
    """Its id is made up by a browser, short, and must not let anybody else go on with it."""
    whole, agency = pass_of(guarded, "WHOLE"), pass_of(guarded, "AGENCY")
    with guarded.visit("s_1", **whole) as visit:
        assert "Name of shop" in drawn(visit)
        own = {"Marimo-Session-Id": "s_1"}
        moved = httpx.post(guarded.address + MOVE, headers={**own, **whole}, json=NOTHING_MOVED)
        assert moved.status_code == 200
        strange = httpx.post(guarded.address + MOVE, headers={**own, **agency}, json=NOTHING_MOVED)
        assert strange.status_code >= 400
        with guarded.visit("s_1", **agency) as other:
            told = drawn(other)
            assert "Name of other" in told
            assert "Name of shop" not in told
        again = httpx.post(guarded.address + MOVE, headers={**own, **whole}, json=NOTHING_MOVED)
        assert again.status_code == 200


def test_a_visit_without_texts_is_told_none(guarded: Page) -> None:
    with guarded.visit("s_texts", **pass_of(guarded, "WHOLE")) as visit:
        assert "wool_blend" in drawn(visit)
    with guarded.visit("s_figures", **pass_of(guarded, "FIGURES")) as visit:
        told = drawn(visit)
    assert "data-figure" in told
    for text in ("wool_blend", "Ana M", "O&#39;Neill", "Label of t", "Where is it?"):
        assert text not in told, text


# The export


def lines_of(home: Home, account: str, access: Access, **query: str) -> bytes:
    with glance(DuckDBFile(home), access, account) as (reader, found):
        return b"".join(csv_lines(reader, found, Filters.from_query({**DAYS, **query})))


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
    assert answer.headers["Content-Disposition"] == 'attachment; filename="conversations.csv"'
    assert answer.content.count(b"\r\n") >= 1


def test_exports_differ_by_their_filters(here: Page) -> None:
    counts = [len(export(here, account="shop", **more).content) for more in ({}, {"statuses": "open"}, {"search": "-"})]
    assert counts[0] > counts[1] > counts[2]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"statuses": "solved"}, "statuses: 'solved' is wrong: there is no status 'solved'"),
        ({"from": "yesterday"}, "from: 'yesterday' is wrong: give a date like 2026-06-01"),
        ({"from": "2026-06-07", "to": "2026-06-01"}, "begins on 2026-06-07 but ends on 2026-06-01"),
        ({"least_messages": "-1"}, "least_messages: '-1' is wrong"),
        ({"is_sold": "<script>"}, "give yes or no"),
        ({"search": "x" * 201}, "search: is longer than 200 characters"),
        ({"search": "\x00"}, "search: holds a sign that no text can have"),
        ({"account": "nobody"}, "there is no account 'nobody'"),
        ({"account": ""}, "there is no account ''"),
    ],
)
def test_what_is_wrong_with_an_export_is_said(here: Page, query: dict[str, str], said: str) -> None:
    answer = export(here, **{"account": "shop", **query})
    assert answer.status_code == 400
    assert said in answer.text
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "Traceback" not in answer.text


def test_an_export_is_only_for_reading(here: Page) -> None:
    assert httpx.post(here.address + CSV, json={}).status_code == 405
    head = httpx.head(here.address + CSV, params={"account": "shop", **DAYS})
    assert (head.status_code, head.content) == (200, b"")


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
            assert get(page, "health").status_code == 200  # while the rows above wait to be read
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
