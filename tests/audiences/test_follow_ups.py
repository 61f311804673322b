"""Follow-ups from run to run (rule 12.4): what time alone changes is published, and so is what the ledger says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from flows import jobs
from flows.ground.build import Build
from flows.ground.home import Home
from flows.settings.requests import RunRequest
from tests.conftest import write_rows
from tests.ledger import follow_ups_sent

Then = Callable[..., tuple[str, dict[str, str]]]
DAY = "2026-06-07T"


@pytest.fixture
def then(home: Home, tmp_path: Path) -> Then:
    """A run as of an instant of the day: its outcome, and the published state, and reason, of each conversation.

    Ann was advised at 10:00 and Bob at 10:30; both may get emails.
    """
    of = {"account_id": "a"}
    write_rows(tmp_path / "shop" / "accounts.jsonl", [{**of, "timezone": "UTC", "currency": "EUR"}])
    talks = {"ann": f"{DAY}10:00:00Z", "bob": f"{DAY}10:30:00Z"}
    profiles = [
        {**of, "profile_id": name, "email": f"{name}@mail.example", "can_receive_email": True} for name in talks
    ]
    conversations = [
        {**of, "conversation_id": name, "channel": "email", "profile_id": name, "created_at": f"{DAY}09:00:00Z"}
        for name in talks
    ]
    messages = [
        {**of, "conversation_id": name, "message_id": f"{name}-{sender}", "sender": sender, **more}
        for name, at in talks.items()
        for sender, more in (
            ("visitor", {"sent_at": f"{DAY}09:00:00Z"}),
            ("agent", {"sent_at": at, "recommended_product_ids": ["p"]}),
        )
    ]
    for table, rows in (("profiles", profiles), ("conversations", conversations), ("messages", messages)):
        write_rows(tmp_path / "shop" / f"{table}.jsonl", rows)

    config = tmp_path / "agent-metrics.toml"
    config.write_text("shipped_segments = false", "utf-8")  # time changes who is in them, too

    def run(time: str, day: str = DAY, *, full_refresh: bool = False) -> tuple[str, dict[str, str]]:
        places = {"home": str(home.root), "config": str(config), "path": str(tmp_path / "shop")}
        asked = RunRequest(**places, as_of=f"{day}{time}Z", full_refresh=full_refresh)
        outcome = jobs.run(asked).outcome
        with duckdb.connect(str(home.published_file), read_only=True) as connection:
            found = "select conversation_id, concat_ws(' ', state, reason) from metrics.follow_ups"
            return outcome, dict(connection.execute(found).fetchall())

    return run


def build(home: Home) -> Build:
    found = Build.read(home)
    assert found
    return found


def next_change(home: Home) -> str | None:
    return build(home).next_change_at


def test_a_run_without_new_data_publishes_what_became_due_and_what_expired(home: Home, then: Then) -> None:
    """A follow-up was due only once somebody wrote the next message."""
    assert then("11:00:00") == ("published", {"ann": "waiting", "bob": "waiting"})
    assert next_change(home) == f"{DAY}12:00:00+00:00"
    assert then("11:59:59.999999") == ("nothing_new", {"ann": "waiting", "bob": "waiting"})
    assert then("12:00:00") == ("published", {"ann": "due", "bob": "waiting"})
    assert then("12:29:59") == ("nothing_new", {"ann": "due", "bob": "waiting"})
    assert then("12:30:00") == ("published", {"ann": "due", "bob": "due"})
    tomorrow, in_a_month = "2026-06-08T", "2026-07-07T"
    assert then("11:59:59.999999", tomorrow) == ("nothing_new", {"ann": "due", "bob": "due"})
    assert then("12:00:00", tomorrow) == ("published", {"ann": "cancelled expired", "bob": "due"})
    assert then("00:00:00", "2026-06-20T")[1] == {"ann": "cancelled expired", "bob": "cancelled expired"}
    assert then("10:00:00", in_a_month) == ("published", {"bob": "cancelled expired"})
    assert then("10:30:00", in_a_month) == ("published", {})


def test_what_the_ledger_says_is_a_reason_to_build(home: Home, then: Then) -> None:
    """What was sent stayed due until something else happened, and a build from nothing forgot it."""
    assert then("12:40:00")[1] == {"ann": "due", "bob": "due"}
    follow_ups_sent(home, [("a", "bob", datetime.fromisoformat(f"{DAY}12:41:00Z"))], state="waiting")
    assert then("12:42:00") == ("nothing_new", {"ann": "due", "bob": "due"})
    follow_ups_sent(home, [("a", "ann", datetime.fromisoformat(f"{DAY}12:43:00Z"))])
    assert then("12:42:30") == ("published", {"ann": "due", "bob": "due"})  # it was not sent then
    assert next_change(home) == f"{DAY}12:43:00+00:00"
    assert then("12:43:00") == ("published", {"ann": "sent", "bob": "due"})
    assert then("12:44:00") == ("nothing_new", {"ann": "sent", "bob": "due"})
    assert then("12:45:00", full_refresh=True) == ("published", {"ann": "sent", "bob": "due"})
    assert then("12:00:00")[1] == {"ann": "due", "bob": "waiting"}
    assert then("12:00:00", "2026-06-08T")[1] == {"ann": "sent", "bob": "due"}


def test_a_damaged_ledger_keeps_no_figures_back_and_nothing_sent_is_due_again(home: Home, then: Then) -> None:
    then("12:40:00")
    follow_ups_sent(home, [("a", "bob", datetime.fromisoformat(f"{DAY}12:41:00Z"))])
    assert then("12:42:00")[1] == {"ann": "due", "bob": "sent"}
    home.deliveries.write_bytes(b"no ledger" * 100)
    assert then("12:45:00", full_refresh=True) == ("published", {"ann": "due", "bob": "sent"})
    assert "the ledger cannot be read" in " ".join(build(home).segment_problems)
