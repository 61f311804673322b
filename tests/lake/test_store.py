"""Loads: whole or not at all, numbered in order."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from flows.ground.errors import StorageFailed
from flows.lake import Input, Lake
from flows.lake.damage import examined

ROWS = "SELECT 'a' AS account_id, 1 AS _position, NULL::VARCHAR AS _refused, NULL::VARCHAR AS _payload"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def write(lake: Lake, *tables: str, commit: bool = True) -> int:
    writer = lake.begin("test")
    with duckdb.connect() as connection:
        for ordinal, table in enumerate(tables):
            writer.write(connection, table, ordinal, ROWS)
    if commit:
        writer.commit((Input("name", "digest"),), {"products": ["x"]})
    return writer.number


def test_a_load_that_was_not_committed_is_not_seen_and_is_swept(lake: Lake) -> None:
    assert write(lake, "products") == 1
    assert write(lake, "products", "skills", commit=False) == 2
    assert [file.path for file in lake.files()] == ["data/products/0000000001-0000.parquet"]
    assert write(lake, "visitors") == 2
    files = {path.relative_to(lake.root).as_posix() for path in lake.root.rglob("*") if path.is_file()}
    assert files == {
        "loads/0000000001.json",
        "loads/0000000002.json",
        "data/products/0000000001-0000.parquet",
        "data/visitors/0000000002-0000.parquet",
    }


def test_loads_come_back_as_they_were_committed_in_order(lake: Lake) -> None:
    for _ in range(11):
        write(lake, "products")
    assert lake.newest() == 11
    paths = [file.path for file in lake.files()]
    assert paths == [f"data/products/{number:010}-0000.parquet" for number in range(1, 12)]
    (last,) = lake.files(after=10)
    assert (last.table, last.path, last.rows, last.refused) == ("products", paths[-1], 1, 0)
    assert last.size == Path(lake.path(last)).stat().st_size
    assert examined(lake) == []
    assert lake.inputs("test") == {"name": "digest"}
    assert lake.inputs("other") == {}


def test_a_lake_that_does_not_exist_yet_has_no_loads(lake: Lake) -> None:
    assert lake.files() == []
    assert lake.newest() == 0


def test_a_broken_manifest_is_said_so(lake: Lake) -> None:
    write(lake, "products")
    (lake.root / "loads" / "0000000001.json").write_text("{")
    with pytest.raises(StorageFailed, match=r"0000000001\.json"):
        lake.files()
