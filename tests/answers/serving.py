"""The command `agent-metrics serve` in a process of its own, and the official client of its tools."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, ListToolsResult

COMMAND = Path(sys.executable).with_name("agent-metrics")
STARTS_WITHIN = 120  # seconds on a busy machine
MODES = ("legacy", "auto")  # the handshake up to 2025-11-25, and what came after it


@dataclass(frozen=True)
class Server:
    """What is served; `address` ends with a slash."""

    address: str
    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    def get(self, path: str, token: str | None = None, **asked: str) -> httpx.Response:
        return httpx.get(self.address + path, params=asked or None, headers=bearer(token), timeout=60)

    def json(self, path: str, token: str | None = None, **asked: str) -> dict[str, Any]:
        """The answer to a question that has one."""
        answer = self.get(path, token, **asked)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document


@dataclass(frozen=True)
class Said:
    """What a client learned: the version of the protocol, the tools, and the answers to its calls."""

    version: str
    instructions: str | None
    tools: ListToolsResult
    results: tuple[CallToolResult, ...]


def bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def environment(**more: str) -> dict[str, str]:
    """That of this process without what would change the settings."""
    unset = {name for name in os.environ if name.startswith(("AGENT_METRICS_", "PG")) or name == "PREFECT_API_URL"}
    return {**{name: value for name, value in os.environ.items() if name not in unset}, **more}


def begin(folder: Path, *options: str, **more: str) -> subprocess.Popen[bytes]:
    """The command, on its way; what it says is in `out` and `err` of the folder."""
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        command = [str(COMMAND), "serve", *options]
        return subprocess.Popen(command, stdout=out, stderr=err, cwd=folder, env=environment(**more))


def refused(folder: Path, *options: str) -> tuple[int, str, str]:
    """Status, stdout and stderr of a command that ends by itself; one that serves all the same is ended."""
    process = begin(folder, *options)
    try:
        status = process.wait(60)
    finally:
        process.kill()
        process.wait(30)
    return status, (folder / "out").read_text(), (folder / "err").read_text()


@contextmanager
def serving(folder: Path, *options: str, **more: str) -> Iterator[Server]:
    """The server, as soon as it says where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    process = begin(folder, "--port", "0", "--json", *options, **more)
    try:
        address, ends = None, time.monotonic() + STARTS_WITHIN
        while address is None:
            assert process.poll() is None, (folder / "err").read_text()
            assert time.monotonic() < ends, "it does not start"
            time.sleep(0.05)
            try:
                address = str(json.loads((folder / "out").read_text())["address"])
            except ValueError:
                continue
        yield Server(address, process, folder / "out", folder / "err")
    finally:
        process.kill()
        process.wait(30)


Call = tuple[str, Mapping[str, Any]]


def over_http(server: Server, *calls: Call, token: str | None = None, mode: str = "auto") -> Said:
    """What the official client is told over HTTP."""

    async def said() -> Said:
        async with httpx2.AsyncClient(headers=bearer(token), timeout=60) as http:
            transport = streamable_http_client(f"{server.address}mcp", http_client=http)
            async with Client(transport, mode=mode) as client:
                return await _said(client, calls)

    return asyncio.run(said())


def over_stdio(folder: Path, home: Path, *calls: Call, mode: str = "auto") -> Said:
    """The same of a process that the client starts."""
    given = ["serve", "--stdio", "--home", str(home)]
    program = StdioServerParameters(command=str(COMMAND), args=given, env=environment(), cwd=str(folder))

    async def said() -> Said:
        async with Client(program, mode=mode) as client:
            return await _said(client, calls)

    return asyncio.run(said())


async def _said(client: Client, calls: tuple[Call, ...]) -> Said:
    results = [await client.call_tool(name, dict(arguments)) for name, arguments in calls]
    version, instructions = client.protocol_version, client.instructions
    return Said(str(version), instructions, await client.list_tools(), tuple(results))
