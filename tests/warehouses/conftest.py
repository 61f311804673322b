from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.ground.address import Address
from flows.ground.home import Home
from tests.warehouses import servers


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "it's a home")


@pytest.fixture(scope="session")
def _server() -> Iterator[str]:
    with servers.wheel() as server:
        yield server


@pytest.fixture
def url(_server: str) -> str:
    """A database of its own, as its superuser."""
    return servers.fresh(_server)


@pytest.fixture(scope="session")
def _server_with_passwords() -> Iterator[str]:
    with servers.with_passwords() as server:
        yield server


@pytest.fixture
def guarded(_server_with_passwords: str) -> str:
    """The URL, with a password, of a database of its own, as the superuser of a server that asks for passwords."""
    return servers.fresh(_server_with_passwords)


@pytest.fixture
def address(url: str) -> Address:
    return Address.of(url)
