"""What `status` tells about a home."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from expectations.verdict import Outcome
from flows.command.status import Status
from flows.command.status import status as status_of
from flows.command.status_shown import status_lines
from flows.ground.errors import StorageFailed
from flows.ground.home import Home
from flows.warehouses.duckdb import DuckDBFile
from tests.warehouses.candidates import marked_rows, publish, rollback, verdict, write_candidate


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def status(home: Home) -> Status:
    return status_of(home, [DuckDBFile(home)])


def test_an_empty_home_has_nothing_to_tell(home: Home) -> None:
    assert status(home).to_json_dict() == {
        "home": str(home.root),
        "published": None,
        "history": [],
        "publications": 0,
        "kept": {"publications": 0, "oldest_publication_id": None, "bytes": 0},
        "is_held": False,
        "is_altered": False,
        "candidate": None,
        "rejected_rows": [],
        "ungrouped_question_count": None,
        "waiting_handoffs": [],
        "deliveries": [],
        "deliveries_error": None,
        "warehouses": [
            {"warehouse": str(home.published_file), "publication_id": None, "is_behind": False, "error": None}
        ],
    }


def test_a_home_that_is_not_there_is_told_from_an_empty_one(home: Home) -> None:
    """A mistyped --home looked like a shop before its first run."""
    lines = list(status_lines(status(home)))
    assert [line for line in lines if line.startswith("Home")] == [
        "Home       there is no such folder: see that --home names the right one; the first run makes it"
    ]
    home.root.mkdir()
    assert not [line for line in status_lines(status(home)) if line.startswith("Home")]


def test_what_is_published_is_told_with_its_age_and_the_history(home: Home) -> None:
    for number in range(7):
        write_candidate(home, f"build-{number}")
        publish(home, keep=2)
    seen = status(home).to_json_dict()
    assert seen["publications"] == 7
    on_disk = [file for file in home.publications.iterdir() if file.suffix in {".duckdb", ".html", ".json", ".zip"}]
    oldest = seen["history"][-2]["publication_id"]
    sizes = sum(file.stat().st_size for file in on_disk)
    assert seen["kept"] == {"publications": 2, "oldest_publication_id": oldest, "bytes": sizes}
    assert len(seen["history"]) == 5
    assert 0 <= seen["published"].pop("age_seconds") < 60
    assert seen["published"] == seen["history"][-1]
    assert seen["published"]["as_of"] == "2026-06-07T12:00:00Z"
    assert seen["candidate"]["is_published"]
    assert json.loads(json.dumps(seen)) == seen


def test_a_candidate_that_is_held_at_the_gate_names_the_checks_that_failed(home: Home) -> None:
    write_candidate(home, "first", refused={"orders": 2}, held_back={"messages": 3})
    outcomes = [
        Outcome("started in order", "messages", None, "critical", "failed", 4, [], "select 1"),
        Outcome("known products", "products", None, "warning", "failed", 9, [], "select 1"),
        Outcome("raised", "orders", None, "warning", "error", 0, [], "select 1", "out of memory"),
        Outcome("fine", "messages", None, "critical", "passed", 0, [], "select 1"),
    ]
    verdict(home, "first", is_open=False, outcomes=outcomes)
    candidate = status(home).to_json_dict()["candidate"]
    assert (candidate["gate"], candidate["is_published"]) == ("closed", False)
    assert candidate["failed_checks"] == [
        {"name": "started in order", "table": "messages", "outcome": "failed", "rows": 4},
        {"name": "raised", "table": "orders", "outcome": "error", "rows": 0},
    ]
    assert (candidate["refused"], candidate["held_back"]) == ({"orders": 2}, {"messages": 3})


def test_checks_of_an_earlier_build_are_not_taken_for_those_of_the_candidate(home: Home) -> None:
    write_candidate(home, "second")
    verdict(home, "first")
    candidate = status(home).candidate
    assert candidate is not None
    assert (candidate.gate, candidate.checks_passed) == ("not_checked", None)


def test_a_restore_holds_publications_until_they_are_resumed(home: Home) -> None:
    for build in ("first", "second"):
        write_candidate(home, build)
        publish(home, keep=2)
    rollback(home, keep=2)
    held = status(home)
    assert held.is_held
    assert held.candidate is not None
    assert not held.candidate.is_published
    publish(home, keep=2, resume=True)
    assert not status(home).is_held


def test_rejected_rows_are_counted_by_table_and_by_their_most_frequent_reasons(home: Home) -> None:
    reasons = {"a": 1, "b": 4, "c": 2, "d": 3}
    rejected = [{"table": "orders", "reason": reason} for reason, rows in reasons.items() for _ in range(rows)]
    rows = {**marked_rows("first"), "rejected_rows": [*rejected, {"table": "messages", "reason": "text"}]}
    write_candidate(home, "first", rows)
    publish(home, keep=2)
    messages, orders = status(home).to_json_dict()["rejected_rows"]
    assert (messages["table"], messages["rows"]) == ("messages", 1)
    assert (orders["table"], orders["rows"]) == ("orders", 10)
    assert [(one["reason"], one["rows"]) for one in orders["reasons"]] == [("b", 4), ("d", 3), ("c", 2)]


def test_a_published_file_that_cannot_be_read_is_an_error_that_says_what_to_do(home: Home) -> None:
    home.root.mkdir()
    home.published_file.write_bytes(b"not a database at all" * 1000)
    with pytest.raises(StorageFailed, match=r"cannot be opened.*copy the newest file of publications/ that can"):
        status(home)


def test_report_and_status_import_nothing_heavy(home: Home) -> None:
    write_candidate(home, "first")
    publish(home, keep=2)
    script = """
import sys
from datetime import date
from pathlib import Path
from flows.ground.home import Home
from flows.published.report import report
from flows.command.status import status
from flows.warehouses.duckdb import DuckDBFile
home = Home(Path(sys.argv[1]))
status(home, [DuckDBFile(home)])
with DuckDBFile(home).read() as reader:
    report(reader, "first", date(2026, 6, 1), date(2026, 6, 7))
print(sorted({"pandas", "pyarrow", "prefect", "dbt", "great_expectations", "pydantic"} & sys.modules.keys()))
"""
    with_timezone = {
        **marked_rows("first"),
        "accounts": [{"account_id": "first", "timezone": "UTC", "currency": "EUR"}],
    }
    write_candidate(home, "second", with_timezone)
    publish(home, keep=2)
    done = subprocess.run([sys.executable, "-c", script, str(home.root)], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
