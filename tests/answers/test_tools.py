"""The tools of MCP, asked by the official client, over HTTP and over stdin and stdout."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from flows.answers.operations import OPERATIONS
from flows.ground.home import Home
from tests.answers.conftest import TOKENS
from tests.answers.serving import MODES, Call, Said, Server, over_http, over_stdio

JUNE = {"account": "shop", "from": "2026-06-01", "to": "2026-06-07"}
CALLS: tuple[Call, ...] = (
    ("list_metrics", {}),
    ("describe_metric", {"metric": "resolution_rate", "account": "shop"}),
    ("query_metrics", {**JUNE, "metrics": ["volume", "resolution_rate", "ai_sales"], "by": "day"}),
    ("explain_figure", {**JUNE, "metric": "ai_sales"}),
    ("query_metrics", {**JUNE, "metrics": ["revenue'; drop table metrics.accounts; --"]}),
)


def told(said: Said) -> list[object]:
    """The answers; the client has held each against the schema of its tool."""
    assert [one.is_error for one in said.results] == [False, False, False, False, True]
    for one in said.results:
        (content,) = one.content
        assert content.type == "text"
        if not one.is_error:
            assert json.loads(content.text) == one.structured_content
    return [one.structured_content for one in said.results[:4]]


@pytest.mark.parametrize("mode", MODES)
def test_the_official_client_is_told_over_http_what_the_addresses_tell(here: Server, mode: str) -> None:
    said = over_http(here, *CALLS, mode=mode)
    assert (said.version >= "2026-07-28") == (mode == "auto")
    assert told(said) == [
        here.json("v1/metrics"),
        here.json("v1/metrics/resolution_rate", account="shop"),
        here.json("v1/query", **JUNE, metrics="volume,resolution_rate,ai_sales", by="day"),
        here.json("v1/explain", **JUNE, metric="ai_sales"),
    ]
    (failed,) = said.results[4].content
    assert failed.type == "text"
    assert json.loads(failed.text)["error"]["what"].startswith("there is no metric")


@pytest.mark.parametrize("mode", MODES)
def test_over_stdin_and_stdout_it_is_the_same(here: Server, asked_home: Home, tmp_path: Path, mode: str) -> None:
    said = over_stdio(tmp_path, asked_home.root, *CALLS, mode=mode)
    assert told(said) == told(over_http(here, *CALLS, mode=mode))


def test_four_tools_that_only_read_and_how_to_quote(here: Server) -> None:
    said = over_http(here)
    assert [one.name for one in said.tools.tools] == [one.name for one in OPERATIONS]
    for one in said.tools.tools:
        assert one.annotations
        assert (one.annotations.read_only_hint, one.annotations.destructive_hint) == (True, False)
        assert one.input_schema["additionalProperties"] is False
        assert one.output_schema
        assert one.description
    assert "never 0" in (said.instructions or "")


def test_a_tool_with_a_token_sees_its_accounts_alone(guarded: Server) -> None:
    calls: tuple[Call, ...] = (
        ("list_metrics", {}),
        ("query_metrics", {**JUNE, "metrics": ["volume"]}),
        ("query_metrics", {**JUNE, "metrics": ["volume"], "account": "no such shop"}),
        ("query_metrics", {"from": "2026-06-01", "to": "2026-06-07", "metrics": ["volume"]}),
    )
    listed, refused, unknown, own = over_http(guarded, *calls, token=TOKENS["AGENCY"]).results
    assert listed.structured_content
    assert [one["account"] for one in listed.structured_content["accounts"]] == ["other"]
    assert refused.is_error
    assert refused.content[0].model_dump_json().replace("shop", "no such shop") == unknown.content[0].model_dump_json()
    assert own.structured_content
    assert own.structured_content["account"]["account"] == "other"
    with pytest.raises(ExceptionGroup):  # which is what the client makes of 401
        over_http(guarded, *calls)


def test_what_is_not_the_protocol_is_refused_and_leaves_the_server_standing(here: Server) -> None:
    url, as_json = f"{here.address}mcp", {"Content-Type": "application/json", "Accept": "application/json"}
    for body in (b"", b"{", b"[]", b"null", b'{"jsonrpc":"2.0","id":1,"method":"tools/drop"}', b"\xff\x00" * 100):
        answer = httpx.post(url, content=body, headers=as_json, timeout=60)
        assert answer.status_code < 500, body
    wrong = httpx.post(url, content=b"{}", headers={"Content-Type": "text/plain"}, timeout=60)
    assert 400 <= wrong.status_code < 500
    assert httpx.get(url, headers={"Accept": "text/event-stream"}, timeout=60).status_code == 405
    assert httpx.delete(url, timeout=60).status_code == 405
    assert here.get("v1/metrics").status_code == 200
    assert "Traceback" not in here.err.read_text()
