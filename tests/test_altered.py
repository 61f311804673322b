"""What was checked is what is published: a candidate that somebody wrote to is not, and is built anew."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from flows import jobs
from flows.ground.errors import BuildFailed
from flows.ground.home import Home
from flows.settings.requests import BuildRequest, CheckRequest, PublishRequest
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
    assert counted(home.published_file) == 1

    healed = run(tmp_path / "shop", AS_OF)
    assert healed.outcome == "published"
    assert healed.build
    assert healed.build.mode == "full"
    assert counted(home.published_file) == 1
