"""A folder of exported files, and a lake, for the tests of sources."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.ground.progress import Silent
from flows.lake import Lake
from flows.sources.files import pull
from flows.sources.pulled import PulledFiles


class Shop:
    def __init__(self, root: Path) -> None:
        self.folder = root / "exports"
        self.folder.mkdir()
        self.lake = Lake(root / "home" / "lake")

    def deliver(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    def pull(self) -> PulledFiles:
        return pull(self.folder, self.lake, Silent())

    def rows(self, table: str, columns: str) -> list[Any]:
        """All rows of a table, refused ones too, in the order in which they were loaded."""
        files = [str(self.lake.path(f)) for f in self.lake.files() if f.table == table]
        if not files:
            return []
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            query = f"SELECT {columns} FROM read_parquet($1) ORDER BY _load, _file, _position"
            return connection.execute(query, [files]).fetchall()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
def new_shop() -> type[Shop]:
    return Shop


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")
