"""The command `agent-metrics dashboard` in a process of its own, and what its page answers."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import uvicorn
from starlette.types import ASGIApp

from flows.dashboard.limits import Impatient

COMMAND = Path(sys.executable).with_name("agent-metrics")
STARTS_WITHIN = 120  # seconds on a busy machine


@dataclass(frozen=True)
class Page:
    """A page that is served; `address` ends with a slash."""

    address: str
    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    @property
    def host(self) -> str:
        return urlsplit(self.address).netloc

    def get(self, path: str = "", query: dict[str, str] | None = None, /, **headers: str) -> httpx.Response:
        """The answer to a path without a slash before it; redirects are not followed."""
        return httpx.get(self.address + path, params=query, headers=headers, timeout=60)

    def get_exactly(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer to a path that nothing in between makes another one of."""
        return got_exactly(self.address, path, **headers)

    def post(self, path: str = "", **headers: str) -> httpx.Response:
        return httpx.post(self.address + path, json={}, headers=headers, timeout=60)


def begin(folder: Path, *options: str, **environment: str) -> subprocess.Popen[bytes]:
    """The command, on its way; what it says is in `out` and `err` of the folder."""
    unset = {name for name in os.environ if name.startswith(("AGENT_METRICS_", "PG")) or name == "PREFECT_API_URL"}
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        command = [str(COMMAND), "dashboard", *options]
        return subprocess.Popen(command, stdout=out, stderr=err, cwd=folder, env={**kept, **environment})


@contextmanager
def serving(folder: Path, *options: str, **environment: str) -> Iterator[Page]:
    """The page, as soon as it says where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    process = begin(folder, "--port", "0", "--json", *options, **environment)
    try:
        address, ends = None, time.monotonic() + STARTS_WITHIN
        while address is None:
            assert process.poll() is None, (folder / "err").read_text()
            assert time.monotonic() < ends, "it does not start"
            time.sleep(0.1)
            address = told(folder / "out")
        yield Page(address, process, folder / "out", folder / "err")
    finally:
        process.kill()
        process.wait(30)


def told(out: Path) -> str | None:
    try:
        return str(json.loads(out.read_text())["address"])
    except ValueError:
        return None


def got_exactly(address: str, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=60)
    try:
        connection.request("GET", f"/{path}", headers=headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


@contextmanager
def in_thread(app: ASGIApp) -> Iterator[str]:
    """A server as that of the page before an app of this process; its address, which ends with a slash."""
    server = uvicorn.Server(uvicorn.Config(app, http=Impatient, log_level="warning"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join(30)
