"""A compaction changes files and nothing that is read from them, whatever happens meanwhile."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from flows import jobs
from flows.ground.errors import HomeBusy
from flows.ground.home import Home
from flows.ground.progress import Silent
from flows.lake import Input, Lake, compaction
from flows.lake.compaction import Compacted, compact
from flows.lake.damage import examined
from flows.settings.requests import CompactRequest, PullRequest, RunRequest
from tests.reference.compare import compare, read_published
from tests.reference.deliveries import merged, random_deliveries, write_load
from tests.reference.shops import AS_OF, random_shop

Rows = dict[str, list[tuple[object, ...]]]
TABLES = ("products", "skills", "visitors")


def load(home: Home, *tables: str, rows: int = 1) -> None:
    """A load with one file of `rows` rows for each table, of which the first is refused."""
    writer = Lake(home.lake).begin("test")
    with duckdb.connect() as connection:
        for ordinal, table in enumerate(tables):
            verdict = "CASE WHEN n = 0 THEN 'broken' END AS _refused, '{}' AS _payload"
            writer.write(
                connection,
                table,
                ordinal,
                f"SELECT 'a' AS account_id, n + 1 AS _position, {verdict} FROM range({rows}) t(n)",
            )
    inputs = (Input(f"file {writer.number % 3}", f"digest {writer.number}"),)
    writer.commit(inputs, {"products": [f"column of {writer.number}"]})


def compacted(home: Home) -> Compacted:
    with home.compacting():
        return compact(Lake(home.lake), home.lock, "1GB", Silent())


def read(home: Home, after: int = 0) -> Rows:
    """The rows of the loads after a number, table by table, as a build reads them."""
    lake = Lake(home.lake)
    found: Rows = {}
    for table in TABLES:
        paths = sorted({lake.path(file) for file in lake.files(after) if file.table == table})
        if paths:
            found[table] = duckdb.sql(
                f"SELECT _load, _file, _position, _refused, _payload, account_id, _source, epoch_us(_loaded_at) "
                f"FROM read_parquet({paths}) WHERE _load > {after} ORDER BY ALL"
            ).fetchall()
    return found


def said(lake: Lake) -> object:
    """What the manifests say, wherever the rows are."""
    counted = {table: [0, 0] for table in TABLES}
    for file in lake.files():
        counted[file.table][0] += file.rows
        counted[file.table][1] += file.refused
    return lake.newest(), counted


def files(home: Home) -> list[str]:
    return sorted(path.relative_to(home.lake).as_posix() for path in home.lake.rglob("*") if path.is_file())


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    for number in range(7):
        load(home, *TABLES[: number % 3 + 1], rows=number + 1)
    return home


def test_the_same_rows_and_loads_are_read_from_fewer_files(home: Home) -> None:
    lake = Lake(home.lake)
    rows, before, inputs = read(home), said(lake), lake.inputs("test")
    done = compacted(home)
    assert (done.loads, done.manifests_before, done.manifests_after) == (7, 7, 1)
    assert files(home) == [
        "compacted/0000000001-0000000007.json",
        "compacted/inputs-0000000001-0000000007.json",
        *(f"data/{table}/0000000001-0000000007.parquet" for table in TABLES),
    ]
    assert (read(home), said(lake), lake.inputs("test")) == (rows, before, inputs)
    assert inputs == {"file 0": "digest 6", "file 1": "digest 7", "file 2": "digest 5"}
    assert examined(lake) == []
    assert compacted(home).rows_written == 0


def test_loads_after_one_in_the_middle_are_still_found(home: Home) -> None:
    rows = read(home, after=4)
    compacted(home)
    assert read(home, after=4) == rows
    load(home, "skills")
    assert {row[0] for row in read(home, after=6)["skills"]} == {8}
    assert Lake(home.lake).files(after=8) == []


def test_what_is_large_is_not_rewritten_for_what_is_small(home: Home) -> None:
    load(home, "products", rows=1_000)
    compacted(home)
    written = []
    for _ in range(64):
        load(home, "products")
        written.append(compacted(home).rows_written)
    assert max(written) < 1_000
    assert sum(written) < 64 * 8
    assert len(Lake(home.lake).manifests.spans()) < 8


def test_files_that_a_run_may_be_reading_are_left_to_the_next_compaction(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "PATIENCE", 0.1)
    rows, before = read(home), files(home)
    with home.lock():
        done = compacted(home)
        assert (done.waiting, done.files_deleted) == (len(before), 0)
        assert set(before) < set(files(home))
        assert read(home) == rows
        load(home, "skills")  # the run commits a load while the rewritten files are there
    done = compacted(home)
    assert done.waiting == 0
    assert len(files(home)) < len(before)
    assert read(home) != rows
    assert {row[0] for rows in read(home).values() for row in rows} == set(range(1, 9))


def test_two_compactions_do_not_meet(home: Home) -> None:
    with home.compacting(), pytest.raises(HomeBusy, match="another compaction"):
        jobs.compact(CompactRequest(home=str(home.root)))


def test_a_killed_compaction_changes_nothing_that_is_read(home: Home, tmp_path: Path) -> None:
    rows, before, inputs = read(home), said(Lake(home.lake)), Lake(home.lake).inputs("test")
    killer = Path(__file__).with_name("killed_compaction.py")
    subprocess.run(
        [sys.executable, str(killer), str(home.root), str(tmp_path / "killed")],
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    copies = [Home(path) for path in sorted((tmp_path / "killed").iterdir())]
    assert len(copies) > 30
    for copy in copies:
        lake = Lake(copy.lake)
        assert (read(copy), said(lake), lake.inputs("test")) == (rows, before, inputs), copy.root.name
        compacted(copy)
        assert files(copy) == files(copies[-1]), copy.root.name
        assert read(copy) == rows


def test_builds_publish_the_same_with_compactions_in_between(tmp_path: Path) -> None:
    rng = random.Random(6)  # compacts before the first build, not before the second, and before those after it
    loads = merged(random_deliveries(rng, random_shop(rng, f"shop {number}", ordered=False)) for number in range(8))
    plain, tidy = Home(tmp_path / "plain"), Home(tmp_path / "tidy")
    for number, one in enumerate(loads):
        folder = tmp_path / "delivered" / str(number)
        write_load(folder, one, rng)
        instant = (AS_OF - timedelta(hours=len(loads) - 1 - number)).isoformat()
        asked = {"path": str(folder), "as_of": instant, "max_rejected_share": 1.0, "max_volume_drop": 1.0}
        for home in (plain, tidy):
            jobs.pull(PullRequest(home=str(home.root), path=str(folder)))
            if home is tidy and rng.random() < 0.7:
                jobs.compact(CompactRequest(home=str(home.root)))  # the build goes on from the middle of a range
            jobs.run(RunRequest(home=str(home.root), **asked))
    tables = [read_published(home.published_file) for home in (plain, tidy)]
    assert [len(one.pop("publications")) for one in tables] == [len(loads)] * 2
    assert compare(*tables) == ""
