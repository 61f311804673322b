"""The command `agent-metrics dashboard` in a process of its own, and a socket to it as marimo's page opens one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from websockets.sync.client import ClientConnection, connect
from websockets.sync.connection import Connection

COMMAND = Path(sys.executable).with_name("agent-metrics")
STARTS_WITHIN = 120  # seconds on a busy machine
QUIET_FOR = 4  # seconds without a word from a visit, which then is drawn


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

    @property
    def origin(self) -> str:
        return self.address.rstrip("/")

    def visit(self, session: str, query: str = "&account=shop", **headers: str) -> ClientConnection:
        """The socket of one visit. Raises InvalidStatus."""
        given = {"Origin": self.origin, **headers}
        url = f"ws://{self.host}/ws?session_id={session}{query}"
        return connect(url, additional_headers=given, max_size=None, open_timeout=30)

    def shake_hands(self, path: str = "/ws?session_id=s_new", **headers: str) -> int:
        """The status with which a socket is answered: 101 where it is opened."""
        given = {
            "Host": self.host,
            "Origin": self.origin,
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
            **headers,
        }
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items()), "", ""]
        name, port = self.host.split(":")
        with socket.create_connection((name, int(port)), timeout=60) as raw:
            raw.sendall("\r\n".join(lines).encode())
            return int(raw.recv(100).split()[1])


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


def drawn(visit: Connection) -> str:
    """All that a visit is told until it is quiet."""
    messages: list[str | bytes] = []
    while True:
        try:
            messages.append(visit.recv(timeout=QUIET_FOR if messages else 60))
        except TimeoutError:
            return "\n".join(map(str, messages))
