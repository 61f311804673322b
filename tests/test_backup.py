"""Backup and restore, with the very commands of docs/operations.md."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.command.main import main
from flows.ground.home import Home
from flows.warehouses.sealed import Sealed

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")


def of_the_page(name: str, home: Path, archive: Path) -> str:
    """The commands below a heading, for another home and another archive."""
    section = re.split(rf"^### {name}$", PAGE, flags=re.MULTILINE)[1]
    commands = str(re.findall(r"(?:^    .*\n)+", section, re.MULTILINE)[0])
    return commands.replace("/var/lib/agent-metrics", str(home)).replace("/backup/agent-metrics.tar.gz", str(archive))


def shell(commands: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-eu", "-c", commands], capture_output=True, text=True, check=True, timeout=120)


def deliver(shop: Path, day: int) -> None:
    """The files of a day, with one conversation."""
    at = f"2026-06-0{day}T10:00:00Z"
    conversation = {"account_id": "a", "conversation_id": f"c{day}", "channel": "sms", "created_at": at}
    message = {"account_id": "a", "message_id": f"m{day}", "conversation_id": f"c{day}", "sender": "visitor"}
    message |= {"sent_at": at, "text": f"Do you ship to the {day}th island?"}
    for table, row in (("conversations", conversation), ("messages", message)):
        folder = shop / table
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{day}.jsonl").write_text(json.dumps(row) + "\n", "utf-8")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    account = {"account_id": "a", "timezone": "UTC", "currency": "EUR"}
    (folder / "accounts.jsonl").write_text(json.dumps(account) + "\n", "utf-8")
    deliver(folder, 1)
    return folder


def run(home: Path, shop: Path) -> None:
    assert main(["run", "--home", str(home), "--path", str(shop), "--as-of", "2026-06-09"]) == 0


def published(home: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as warehouse:
        return warehouse.execute(sql).fetchall()


def test_a_home_that_came_back_from_last_week_goes_on(home: Home, shop: Path, tmp_path: Path) -> None:
    """What a backup has to hold was said, and nobody had tried to come back from it."""
    archive = tmp_path / "agent-metrics.tar.gz"
    run(home.root, shop)
    shell(of_the_page("Back up", home.root, archive))
    before = published(home.root, "select publication_id from metrics.publications")
    deliver(shop, 2)
    run(home.root, shop)
    conversations = "select * from metrics.conversations order by conversation_id"
    topics = "select * from metrics.knowledge_gap_questions order by all"
    lost = [published(home.root, sql) for sql in (conversations, topics)]
    assert len(lost[0]) == 2

    shutil.rmtree(home.root)
    shell(of_the_page("Restore", home.root, archive))
    assert published(home.root, "select publication_id from metrics.publications") == before  # readers see last week
    file = (home.root / "warehouse.duckdb").stat()
    sealed = Sealed.read(home, before[0][0])
    assert sealed
    assert (sealed.size, sealed.modified_ns) == (file.st_size, file.st_mtime_ns)  # so nobody is said to have altered it
    run(home.root, shop)
    assert [published(home.root, sql) for sql in (conversations, topics)] == lost
    assert published(home.root, "select publication_id from metrics.publications order by 1")[:1] == before
    assert main(["rollback", "--home", str(home.root)]) == 0  # last week's publication came back with its file
    assert len(published(home.root, conversations)) == 1


def test_a_backup_is_not_made_while_a_run_is_at_work(home: Home, tmp_path: Path) -> None:
    """A copy of a home in the middle of a run may hold a manifest without its files."""
    archive = tmp_path / "agent-metrics.tar.gz"
    commands = of_the_page("Back up", home.root, archive)
    at_once = commands.replace("-w 3600", "-w 0")
    assert at_once.count("-w 0") == 2
    for held in (home.lock, home.compacting):
        with held(), pytest.raises(subprocess.CalledProcessError):
            shell(at_once)
        assert not archive.exists()
    shell(commands)
    assert archive.exists()
