"""A candidate to break: copies of a consistent shop's files, and the gate at their door."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations import gate
from tests.expectations.shop import AS_OF, write_shop


@dataclass
class Watch:
    """Progress that remembers what it was told."""

    total: int | None = None
    seen: list[str | None] = field(default_factory=list)
    is_finished: bool = False

    def start(self, what: str, total: int | None = None) -> None:
        self.total = total

    def advance(self, units: int = 1, what: str | None = None) -> None:
        self.seen.append(what)

    def finish(self) -> None:
        self.is_finished = True


@dataclass(frozen=True)
class Shop:
    candidate: gate.Candidate

    def work(self, statements: str) -> None:
        _execute(self.candidate.work_file, "set search_path = 'intermediate,staging,lake'", statements)

    def metrics(self, statements: str) -> None:
        _execute(self.candidate.metrics_file, "set schema = 'metrics'", statements)

    def published(self, statements: str) -> None:
        assert self.candidate.published_file
        _execute(self.candidate.published_file, "set schema = 'metrics'", statements)

    def check(self, scope: gate.Scope = "all", as_of: datetime = AS_OF, **changes: Any) -> gate.Verdict:
        facts: dict[str, Any] = {"published_as_of": AS_OF, "published_load": 0, "progress": Watch(), **changes}
        thresholds = facts.pop("thresholds", gate.Thresholds())
        return gate.check(self.candidate, thresholds, scope=scope, as_of=as_of, **facts)


def _execute(file: Path, *statements: str) -> None:
    with duckdb.connect(str(file)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for statement in statements:
            connection.execute(statement)


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    write_shop(folder / "work.duckdb", folder / "metrics.duckdb")
    return folder


@pytest.fixture
def open_shop(whole: Path, tmp_path: Path) -> Iterator[Callable[..., Shop]]:
    """A shop whose candidate is consistent, and, where asked for, published already."""
    folder = tmp_path / "it's a home"

    def make(is_published: bool = False) -> Shop:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(whole, folder)
        published = folder / "published.duckdb"
        if is_published:
            shutil.copy(folder / "metrics.duckdb", published)
        files = folder / "work.duckdb", folder / "metrics.duckdb", published if is_published else None
        return Shop(gate.Candidate(*files))

    yield make
    shutil.rmtree(folder)


@pytest.fixture
def shop(open_shop: Callable[..., Shop]) -> Shop:
    return open_shop()


@pytest.fixture(scope="module")
def files(whole: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Copies of both files, in memory."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name, file in {"work": "work.duckdb", "candidate": "metrics.duckdb"}.items():
            connection.execute(f"attach '{whole / file}' as kept_{name} (read_only); attach ':memory:' as {name}")
            connection.execute(f"copy from database kept_{name} to {name}")
        yield connection
