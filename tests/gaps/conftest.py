"""A home, warehouses, and the commands `agent-metrics topics …` on them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.command.main import main
from flows.ground.home import Home
from tests.gaps.shop import Say, Tell
from tests.warehouses import servers


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("AGENT_METRICS_", "PG")) or name == "PREFECT_API_URL":
            monkeypatch.delenv(name)


@pytest.fixture
def place(tmp_path: Path) -> Home:
    return Home(tmp_path / "it's a home")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with servers.wheel() as one:
        yield one


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse(request: pytest.FixtureRequest) -> str:
    """The file, or a database of its own."""
    return "duckdb" if request.param == "duckdb" else servers.fresh(request.getfixturevalue("server"))


@pytest.fixture
def say(place: Home, capsys: pytest.CaptureFixture[str]) -> Say:
    """What `topics …` prints, with its exit status."""

    def call(*arguments: str, status: int = 0, err: bool = False) -> str:
        capsys.readouterr()
        code = main(["topics", *arguments, "--home", str(place.root)])
        told = capsys.readouterr()
        assert (code, "Traceback" in told.err) == (status, False), told.err
        return told.err if status or err else told.out

    return call


@pytest.fixture
def tell(say: Say) -> Tell:
    """What `topics … --json` says."""

    def call(*arguments: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(say(*arguments, "--json"))
        assert document.pop("exit_status") == 0
        return document

    return call
