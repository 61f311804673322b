"""What a run says of what it built, without a build."""

from __future__ import annotations

from pathlib import Path

from flows.command.summary import summary
from flows.ground.build import Build
from flows.jobs.result import Result


def built(unmatched: int) -> Build:
    return Build(
        build_id="b", number=1, base=None, mode="full", engine="duckdb", as_of="2026-06-07T12:00:00+00:00",
        data_up_to=None, loads_up_to=1, accounts="", project="", row_counts={"tickets": 1234}, held_back={}, refused={},
        built_at="2026-06-07T12:00:00+00:00", contract_version=1, unmatched_tickets=unmatched,
    )  # fmt: skip


def test_tickets_whose_conversation_is_not_known_are_counted(tmp_path: Path) -> None:
    """Tickets that name no conversation were nowhere, and nobody heard of them."""
    (said,) = [one for one in summary(Result("built", tmp_path, build=built(1200))) if one.startswith("Unmatched")]
    assert said == "Unmatched  1,200 of 1,234 tickets; their conversation is not known (rule 4.4)"
    assert "Unmatched" not in "\n".join(summary(Result("built", tmp_path, build=built(0))))
