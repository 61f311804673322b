"""A look at the past, between runs that go on, forgets nothing of who entered and left, and closes no gate (12.2)."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from flows import jobs
from flows.ground.home import Home
from flows.settings.requests import RunRequest
from tests.conftest import write_rows

SEGMENT = """
name: Wrote in the last two days
description: Whoever wrote in the last two days.
definition:
  condition_groups:
    - conditions:
        - type: profile-metric
          metric: Started conversation with Customer Agent
          measurement_filter: {type: numeric, operator: greater-than-or-equal, value: 1}
          timeframe_filter: {type: date, operator: in-the-last, unit: day, quantity: 2}
"""


def delivered(folder: Path) -> None:
    write_rows(folder / "accounts.jsonl", [{"account_id": "a", "timezone": "UTC", "currency": "EUR"}])
    write_rows(folder / "profiles.jsonl", [{"account_id": "a", "profile_id": "ann"}])
    ids = [{"account_id": "a", "conversation_id": day} for day in ("2026-06-01", "2026-06-05")]
    conversations = [
        {**one, "channel": "email", "profile_id": "ann", "created_at": f"{one['conversation_id']}T10:00:00Z"}
        for one in ids
    ]
    messages = [
        {
            **one,
            "message_id": one["conversation_id"],
            "sender": "visitor",
            "sent_at": f"{one['conversation_id']}T10:00:00Z",
        }
        for one in ids
    ]
    write_rows(folder / "conversations.jsonl", conversations)
    write_rows(folder / "messages.jsonl", messages)


def test_a_look_at_the_past_forgets_nothing(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    delivered(tmp_path / "shop")
    (tmp_path / "segments").mkdir()
    (tmp_path / "segments" / "wrote.yml").write_text(SEGMENT, "utf-8")
    monkeypatch.chdir(tmp_path)

    def as_of(instant: str) -> tuple[list[tuple[str | None, ...]], list[tuple[str | None, ...]]]:
        """Who is in the segment then, since when, and all changes that are published."""
        asked = RunRequest(home=str(home.root), path=str(tmp_path / "shop"), as_of=f"{instant}Z")
        assert jobs.run(asked).outcome == "published"
        with duckdb.connect(str(home.published_file), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            day = "strftime({}, '%m-%d %H')"
            members = connection.execute(
                f"select profile_id, {day.format('entered_at')} from metrics.segment_members where segment = 'wrote'"
            ).fetchall()
            changes = connection.execute(
                f"""select {day.format("changed_at")}, change from metrics.segment_changes
                where segment = 'wrote' order by changed_at"""
            ).fetchall()
        return members, changes

    left, entered = ("06-04 00", "left"), ("06-05 12", "entered")
    assert as_of("2026-06-01T12:00:00") == ([("ann", None)], [])
    assert as_of("2026-06-04T00:00:00") == ([], [left])
    assert as_of("2026-06-05T12:00:00") == ([("ann", "06-05 12")], [left, entered])
    assert as_of("2026-06-04T12:00:00") == ([], [left, entered])
    assert as_of("2026-06-06T00:00:00") == ([("ann", "06-05 12")], [left, entered])
    assert as_of("2026-06-02T00:00:00") == ([("ann", None)], [left, entered])
    assert as_of("2026-06-08T00:00:00") == ([], [left, entered, ("06-08 00", "left")])
    assert as_of("2026-06-06T00:00:00")[0] == [("ann", "06-05 12")]
    (tmp_path / "segments" / "later.yml").write_text(SEGMENT, "utf-8")
    for instant in ("2026-06-08T00:00:00", "2026-06-02T00:00:00"):  # a look at a time when it was not there yet
        as_of(instant)
        with duckdb.connect(str(home.published_file), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            query = (
                "select distinct strftime(first_built_at, '%m-%d %H') from metrics.segments where segment {} 'later'"
            )
            assert connection.execute(query.format("<>")).fetchall() == [("06-01 12",)]
            assert connection.execute(query.format("=")).fetchall() == [("06-08 00",)]
