"""The shop of tests/published, and its figures in two processes: for this machine alone, and behind tokens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.ground.home import Home
from tests.answers.serving import Server, serving
from tests.gaps.shop import publish_to
from tests.published.shop import asked_shop

TOKENS = {"WHOLE": "whole-token-0123456789", "AGENCY": "agency-token-0123456789"}
SETTINGS = """
[dashboard]
url = "https://metrics.shop.example"

[[dashboard.tokens]]
token = "env:WHOLE"

[[dashboard.tokens]]
token = "env:AGENCY"
accounts = ["other"]
texts = false
"""


@pytest.fixture(scope="session")
def asked_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("asked") / "home")
    publish_to(home, asked_shop())
    return home


@pytest.fixture(scope="module")
def here(asked_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("here"), "--home", str(asked_home.root)) as server:
        yield server


@pytest.fixture(scope="module")
def guarded(asked_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("guarded")
    (folder / "agent-metrics.toml").write_text(SETTINGS, "utf-8")
    with serving(folder, "--home", str(asked_home.root), **TOKENS) as server:
        yield server
