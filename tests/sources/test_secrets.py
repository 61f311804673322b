"""No credential is shown, whatever a server says: here each answer repeats the whole request."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

from flows import settings
from flows.command.main import main
from flows.ground.errors import AgentMetricsError
from flows.ground.progress import Silent
from flows.jobs.chosen import configured_sources

# With signs that URLs, JSON and basic authentication spell in other ways.
MARK = 'm4rk+/="%'
SOURCES = {
    "klaviyo": {"api_key": "KEY"},
    "shopify": {"shop": "example", "access_token": "KEY"},
    "shopify of an app": {"shop": "example", "client_id": "ID", "client_secret": "KEY"},
    "woocommerce": {"consumer_key": "ID", "consumer_secret": "KEY"},
    "zendesk": {"subdomain": "shop", "client_id": "ID", "client_secret": "KEY"},
    "gorgias": {"account": "shop", "username": "ID", "api_key": "KEY"},
    "intercom": {"access_token": "KEY"},
    "chatwoot": {"account": "1", "access_token": "KEY"},
    "hubspot": {"access_token": "KEY"},
}
PLACES = {"KEY", "ID"}


class _Echo(BaseHTTPRequestHandler):
    status = 401

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        scheme, _, value = str(self.headers.get("Authorization", "")).partition(" ")
        opened = base64.b64decode(value).decode("utf-8", "replace") if scheme == "Basic" else ""
        said = {"headers": dict(self.headers), "path": [self.path, unquote(self.path)], "body": body, "opened": opened}
        answer = json.dumps({"errors": said, "code": "woocommerce_rest_cannot_view", "message": str(said)}).encode()
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST  # noqa: N815

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def echo(status: int) -> Iterator[str]:
    handler = type("Echo", (_Echo,), {"status": status})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def is_shown(text: str) -> bool:
    return "m4rk" in text or base64.b64encode(f"{MARK}:{MARK}".encode()).decode() in text


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
@pytest.mark.parametrize("source", SOURCES)
def test_what_a_server_repeats_of_a_request_is_shown_without_credentials(
    source: str, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The first 300 characters of an answer were printed, and with them keys of all sources."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("flows.sources.api.http.ATTEMPTS", 1)  # a 500 is tried again
    monkeypatch.setattr("flows.jobs.calls.RETRY_DELAYS", [])
    for place in PLACES:
        monkeypatch.setenv(place, MARK)
    with echo(status) as url:
        lines = [
            f'{name} = "{f"env:{value}" if value in PLACES else value}"' for name, value in SOURCES[source].items()
        ]
        head = '[[accounts]]\naccount_id = "a"\ntimezone = "UTC"\ncurrency = "EUR"\n'
        section = f'[accounts.sources.{source.partition(" ")[0]}]\nbase_url = "{url}"\n'
        Path("agent-metrics.toml").write_text(head + section + "\n".join(lines), "utf-8")
        (asked,) = configured_sources(settings.load())
        with pytest.raises(AgentMetricsError) as raised:
            asked.client(settings.load(), Silent()).check()
        assert f"answers {status}" in str(raised.value)
        assert not is_shown(str(raised.value))
        assert main(["pull", "--home", "home", "--debug"]) != 0
        assert main(["doctor", "--home", "home"]) != 0
    out, err = capfd.readouterr()
    assert not is_shown(out + err)
    assert not [
        file for file in Path("home").rglob("*") if file.is_file() and is_shown(file.read_text("utf-8", "replace"))
    ]
