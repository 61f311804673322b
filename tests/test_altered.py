"""What was checked is what is published, and what is derived from a lake is of that lake; else it is built anew."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import duckdb
import pytest

from flows import jobs
from flows.command.doctor import examine
from flows.command.summary import closed_gate
from flows.ground.errors import BuildFailed
from flows.ground.home import Home
from flows.jobs import Closed
from flows.settings.requests import BuildRequest, CheckRequest, PublishRequest, PullRequest
from tests.conftest import Run, write_rows

AS_OF = "2026-06-07T12:00:00Z"


def shop(folder: Path) -> Path:
    key = {"account_id": "a", "conversation_id": "c"}
    write_rows(folder / "accounts.jsonl", [{"account_id": "a", "timezone": "UTC", "currency": "EUR"}])
    write_rows(folder / "conversations.jsonl", [{**key, "channel": "sms", "created_at": "2026-06-01T10:00:00Z"}])
    message = {**key, "message_id": "m", "sender": "visitor", "sent_at": "2026-06-01T10:00:00Z", "text": "Norway?"}
    write_rows(folder / "messages.jsonl", [message])
    return folder


def counted(file: Path) -> int:
    with duckdb.connect(str(file), read_only=True) as connection:
        ((sum_,),) = connection.execute(
            f"select sum(conversations) from {file.stem}.metrics.daily_performance"
        ).fetchall()
    return int(sum_)


def test_a_candidate_that_was_altered_after_its_check_is_not_published(home: Home, run: Run, tmp_path: Path) -> None:
    """Only row counts were compared: 5,000 conversations too many were published, and stayed."""
    assert run(shop(tmp_path / "shop"), AS_OF).outcome == "published"
    where = str(home.root)
    jobs.build(BuildRequest(home=where, as_of=AS_OF, full_refresh=True))
    assert jobs.check(CheckRequest(home=where)).outcome == "checked"
    with duckdb.connect(str(home.candidate_file)) as connection:
        connection.execute("update metrics.metrics.daily_performance set conversations = conversations + 5000")
    with pytest.raises(BuildFailed, match="somebody has written to the candidate"):
        jobs.publish(PublishRequest(home=where))
    with pytest.raises(Closed) as closed:
        jobs.check(CheckRequest(home=where))
    assert any("--full-refresh" in line for line in closed_gate(closed.value))
    assert [one.outcome for one in examine(PublishRequest(home=where)) if one.check == "candidate"] == ["warning"]
    assert counted(home.published_file) == 1

    healed = run(tmp_path / "shop", AS_OF)
    assert healed.outcome == "published"
    assert healed.build
    assert healed.build.mode == "full"
    assert counted(home.published_file) == 1


def add_conversation(folder: Path, name: str) -> Path:
    """A delivery beside the first, with one conversation more."""
    key = {"account_id": "a", "conversation_id": name}
    at = "2026-06-02T10:00:00Z"
    write_rows(folder / f"conversations/{name}.jsonl", [{**key, "channel": "sms", "created_at": at}])
    message = {**key, "message_id": name, "sender": "visitor", "sent_at": at, "text": "And Sweden?"}
    write_rows(folder / f"messages/{name}.jsonl", [message])
    return folder


def test_an_older_candidate_put_back_after_the_check_of_a_newer_one_is_not_published(
    home: Home, run: Run, tmp_path: Path
) -> None:
    """It has all tables, and passed a check of its own: only that it is not the file which was checked tells."""
    folder, where = shop(tmp_path / "shop"), str(home.root)
    run(folder, AS_OF)
    older = shutil.copytree(home.candidate, tmp_path / "older")
    jobs.pull(PullRequest(home=where, path=str(add_conversation(folder, "second"))))
    jobs.build(BuildRequest(home=where, as_of=AS_OF))
    assert jobs.check(CheckRequest(home=where)).outcome == "checked"
    shutil.copy2(older / home.candidate_file.name, home.candidate_file)
    with pytest.raises(BuildFailed, match="somebody has written to the candidate"):
        jobs.publish(PublishRequest(home=where))
    assert counted(home.published_file) == 1

    assert run(folder, AS_OF).outcome == "published"
    assert counted(home.published_file) == 2


def test_a_lake_of_last_week_beside_a_newer_candidate_goes_on(home: Home, run: Run, tmp_path: Path) -> None:
    """Load numbers were used again, and builds read only numbers above their last: new rows were nowhere."""
    folder = shop(tmp_path / "shop")
    run(folder, AS_OF)
    shutil.copytree(home.lake, tmp_path / "backup")
    run(add_conversation(folder, "second"), AS_OF)
    shutil.rmtree(home.lake)
    shutil.copytree(tmp_path / "backup", home.lake)

    for file in folder.rglob("second.jsonl"):
        file.unlink()
    result = run(add_conversation(folder, "third"), AS_OF)
    assert counted(home.published_file) == 2
    assert result.build
    assert (result.build.mode, result.build.loads_up_to) == ("full", 3)
    assert "loads that the lake does not have" in result.build.anew_because

    (lost,) = (home.lake / "data" / "accounts").iterdir()
    lost.unlink()  # an incremental build does not read it
    result = run(add_conversation(folder, "fourth"), AS_OF)
    assert (result.outcome, result.exit_status, counted(home.published_file)) == ("published", 1, 3)
    assert [one.path for one in result.damaged] == ["data/accounts/0000000001-0000.parquet"]


def test_a_damaged_candidate_is_built_anew_in_the_same_run(home: Home, run: Run, tmp_path: Path) -> None:
    """One run ended with "make room or mend the permissions"; only the next one built the candidate anew."""
    folder = shop(tmp_path / "shop")
    run(folder, AS_OF)
    before = home.work_file.stat()
    with home.work_file.open("r+b") as file:  # behind its headers; neither size nor time says so
        file.seek(12_288)
        file.write(bytes(before.st_size - 12_288))
    os.utime(home.work_file, ns=(before.st_atime_ns, before.st_mtime_ns))
    result = run(add_conversation(folder, "second"), AS_OF)
    assert counted(home.published_file) == 2
    assert result.build
    assert "it was not possible to go on from the last build" in result.build.anew_because
