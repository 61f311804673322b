"""Questions that a run had no time to group (rule 8.2) are said wherever somebody would miss them."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from flows.command.main import main
from flows.ground.home import Home
from flows.questions import updating
from tests.gaps.shop import Say

AT = "2026-06-01T09:00:00Z"
QUESTION = "How long does delivery take?"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Two accounts in which two shoppers ask the same."""
    folder = tmp_path / "shop"
    folder.mkdir()
    tables: dict[str, list[dict[str, Any]]] = {"accounts": [], "conversations": [], "messages": []}
    for account in ("cedar", "spruce"):
        tables["accounts"].append({"account_id": account, "timezone": "Etc/UTC", "currency": "EUR"})
        for one in ("c1", "c2"):
            ids = {"account_id": account, "conversation_id": one}
            tables["conversations"].append({**ids, "channel": "web_chat", "created_at": AT})
            said = {"message_id": one, "sender": "visitor", "text": QUESTION, "sent_at": AT}
            tables["messages"].append({**ids, **said})
    for table, rows in tables.items():
        (folder / f"{table}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return folder


def test_what_waits_to_be_grouped_is_said_until_it_is(
    shop: Path, place: Home, say: Say, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = itertools.count(step=3600)
    monkeypatch.setattr(updating, "monotonic", lambda: next(hours))  # there is time for one account
    where = ["--home", str(place.root)]
    told = {
        "run": ["run", *where, "--source", "files", "--path", str(shop), "--as-of", "2026-06-02T00:00:00Z"],
        "status": ["status", *where],
    }

    def said(command: str, *options: str) -> str:
        assert main([*told[command], *options]) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    assert "Left       questions of spruce wait to be grouped (topics.longest_wait_seconds)" in said("run")
    assert "Left       2 questions wait to be grouped; the next run goes on" in said("status")
    assert json.loads(said("status", "--json"))["ungrouped_question_count"] == 2
    told_so = say("list", "--account", "spruce")
    assert "There are no topics yet: 2 questions of 2 are not grouped yet." in told_so
    assert "agent-metrics run" in told_so
    assert json.loads(said("run", "--json"))["ungrouped_accounts"] == []
    assert "Left" not in said("status")
    assert QUESTION in say("list", "--account", "spruce")
