"""An export that is killed, interrupted, or finds no room leaves whole files and none of its own making."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.ground.errors import StorageFailed
from flows.ground.home import Home
from flows.ground.progress import Silent
from flows.published.export import export
from flows.published.export_folder import HALF_MADE
from flows.warehouses.duckdb import DuckDBFile
from tests.gaps.shop import publish_to
from tests.published.shop import Shop
from tests.warehouses.candidates import names, opened

ROOT = Path(__file__).parent.parent.parent
TABLES = ["accounts", "conversations", "messages"]
FILES = [*(f"{table}.csv" for table in TABLES), "publication.json"]


def shop(conversations: int) -> Shop:
    found = Shop()
    for number in range(conversations):
        found.conversation(f"c{number:03}")
        found.say(f"c{number:03}", 1)
    return found


def start(*command: str, **more: Any) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, *command], env=environment, stdout=pipe, stderr=pipe, text=True, **more)


@pytest.fixture
def large(tmp_path: Path) -> Home:
    """A publication that takes some seconds to write."""
    home = Home(tmp_path / "large")
    publish_to(home, shop(1))
    home.published_file.chmod(0o644)
    with opened(home.published_file, read_only=False) as connection:
        connection.execute(
            """insert into file.metrics.messages (account_id, message_id, conversation_id, text)
            select 'shop', 'm' || number, 'c000', repeat('x', 200) from range(1500000) as numbers(number)"""
        )
    return home


def test_a_kill_leaves_whole_files_of_the_old_or_the_new_publication(tmp_path: Path) -> None:
    home, folder = Home(tmp_path / "home"), tmp_path / "folder"
    publish_to(home, shop(2))
    with DuckDBFile(home).read() as reader:
        export(reader, folder, "csv", Silent(), tables=TABLES)
    before = {file: (folder / file).read_text("utf-8") for file in FILES}
    publish_to(home, shop(5))
    with start(
        str(Path(__file__).with_name("killed_export.py")), str(home.root), str(folder), str(tmp_path / "killed")
    ) as driver:
        _, said = driver.communicate()
    assert driver.returncode == 0, said

    copies = [tmp_path / "killed" / name for name in names(tmp_path / "killed")]
    assert len(copies) > 15
    new = {file: (copies[-1] / file).read_text("utf-8") for file in FILES}
    assert names(copies[-1]) == FILES
    incomplete = 0
    for copy in copies:
        assert set(names(copy)) - {HALF_MADE} - {f".{FILES[-1]}.tmp"} == set(FILES)
        now = {file: (copy / file).read_text("utf-8") for file in FILES}
        told = json.loads(now["publication.json"])
        incomplete += not told["is_complete"]
        for file in FILES[:-1]:
            assert now[file] in (before[file], new[file])
        if told["is_complete"]:
            assert now in (before, new), copy.name
        with DuckDBFile(home).read() as reader:  # the next one finds its way
            export(reader, copy, "csv", Silent(), tables=TABLES)
        assert names(copy) == FILES
        assert {file: (copy / file).read_text("utf-8") for file in FILES} == new
    assert incomplete > len(TABLES)


def test_who_reads_a_file_keeps_it_when_it_is_replaced(tmp_path: Path) -> None:
    home, folder = Home(tmp_path / "home"), tmp_path / "folder"
    publish_to(home, shop(2))
    with DuckDBFile(home).read() as reader:
        export(reader, folder, "csv", Silent(), tables=TABLES)
    before = (folder / "messages.csv").read_text("utf-8")
    publish_to(home, shop(1))
    with (folder / "messages.csv").open(encoding="utf-8") as opened_before, DuckDBFile(home).read() as reader:
        export(reader, folder, "csv", Silent(), tables=TABLES)
        assert opened_before.read() == before
    assert (folder / "messages.csv").read_text("utf-8") != before


def wait_for(folder: Path, process: subprocess.Popen[str]) -> None:
    """Until the export writes rows."""
    until = time.monotonic() + 60
    while not any(file.stat().st_size for file in (folder / HALF_MADE).glob("messages.*")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture
def command(large: Home, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    main = "import sys; from flows.command.main import main; sys.exit(main())"
    options = ["--to", str(tmp_path / "out"), "--home", str(large.root)]
    with start("-c", main, "export", "--format", "csv", *options, cwd=tmp_path) as process:
        wait_for(tmp_path / "out", process)
        yield process


def test_an_interrupt_leaves_nothing(command: subprocess.Popen[str], tmp_path: Path) -> None:
    command.send_signal(signal.SIGINT)
    _, said = command.communicate()
    assert command.returncode == 130
    assert "Error: interrupted" in said
    assert names(tmp_path) == ["large"]


def test_a_kill_shows_nothing_half_made(command: subprocess.Popen[str], tmp_path: Path) -> None:
    command.kill()
    command.communicate()
    assert names(tmp_path / "out") == [HALF_MADE]


def test_what_cannot_be_read_to_its_end_leaves_what_was_there(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    publish_to(home, shop(2))
    with DuckDBFile(home).read() as reader:
        export(reader, tmp_path / "out", "parquet", Silent(), tables=TABLES)
    before = {file: (tmp_path / "out" / file).read_bytes() for file in names(tmp_path / "out")}
    home.published_file.chmod(0o644)
    with opened(home.published_file, read_only=False) as connection:
        connection.execute("alter table file.metrics.messages alter position type varchar using 'no number'")
    with DuckDBFile(home).read() as reader, pytest.raises(Exception, match="no number"):
        export(reader, tmp_path / "out", "parquet", Silent(), tables=TABLES)
    assert {file: (tmp_path / "out" / file).read_bytes() for file in names(tmp_path / "out")} == before


FULL_DISK = """
import resource, sys
from pathlib import Path
from flows.ground.errors import StorageFailed
from flows.ground.home import Home
from flows.ground.progress import Silent
from flows.published.export import export
from flows.warehouses.duckdb import DuckDBFile
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    with DuckDBFile(Home(Path(sys.argv[1]))).read() as reader:
        export(reader, Path(sys.argv[2]), sys.argv[3], Silent(), tables=["accounts", "messages"])
except StorageFailed as error:
    print(error)
    sys.exit(1)
"""


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_full_disk_is_told_and_leaves_nothing(large: Home, tmp_path: Path, kind: str) -> None:
    with start("-c", FULL_DISK, str(large.root), str(tmp_path / "out"), kind) as full:
        said, trace = full.communicate()
    assert full.returncode == 1, trace
    assert "out: could not be written (" in said
    assert names(tmp_path) == ["large"]


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    publish_to(home, shop(1))
    (tmp_path / "file").write_text("mine", "utf-8")
    with DuckDBFile(home).read() as reader, pytest.raises(StorageFailed, match="could not be written"):
        export(reader, tmp_path / "file" / "out", "csv", Silent())
    with DuckDBFile(home).read() as reader, pytest.raises(StorageFailed, match="could not be written"):
        export(reader, tmp_path / "file", "csv", Silent())
    (tmp_path / "out" / "accounts.csv" / "mine").mkdir(parents=True)
    with DuckDBFile(home).read() as reader, pytest.raises(StorageFailed, match="could not be written"):
        export(reader, tmp_path / "out", "csv", Silent(), tables=["accounts"], overwrite=True)
    assert names(tmp_path / "out") == ["accounts.csv", "publication.json"]


MEMORY = """
import resource, sys
from pathlib import Path
import pyarrow as pa
from contract import metrics
from flows.published.formats import write
columns = [metrics()["messages"].column(name) for name in ("message_id", "text", "recommended_product_ids", "sent_at")]
def batches():
    for number in range(int(sys.argv[2])):
        texts = pa.array([f"{number} {row} " + "x" * 1000 for row in range(10_000)])
        times = pa.array(range(10_000), pa.int64()).cast(pa.timestamp("us", "UTC"))
        yield pa.RecordBatch.from_arrays([texts, texts, pa.nulls(10_000, pa.list_(pa.string())), times], list("abcd"))
write(batches(), columns, Path(sys.argv[1]), about={}, advance=lambda rows: None)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, kind: str) -> None:
    def peak(batches: int) -> int:
        with start("-c", MEMORY, str(tmp_path / f"messages.{kind}"), str(batches)) as process:
            said, trace = process.communicate()
        assert process.returncode == 0, trace
        return int(said) // 1024

    few, many = peak(15), peak(60)  # the latter are 1.2 GB
    assert many < few + 150, (few, many)
    file = tmp_path / f"messages.{kind}"
    with duckdb.connect() as connection:
        counted = connection.execute(f"select count(*), count(distinct message_id) from '{file}'").fetchall()
    assert counted == [(600_000, 600_000)]
