"""A status (rule 3.5) is counted, shown and drawn wherever another is: the dictionary says which there are."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import yaml

import flows.published
from contract.generate import ROOT
from flows.dashboard.stack import STATUS_COLOURS
from flows.published.figures import BESIDE, OPEN_REASONS, STATUSES, Conversations

PUBLISHED = Path(flows.published.__file__).parent


def test_conversations_are_counted_by_every_status() -> None:
    assert [field.name for field in fields(Conversations)] == ["volume", *STATUSES, *BESIDE]


def test_the_page_has_a_colour_for_every_status() -> None:
    """What is open runs, or went unanswered (rule 3.5)."""
    assert {*STATUS_COLOURS, "open"} == {*STATUSES, *OPEN_REASONS}
    assert "open" not in STATUS_COLOURS


def test_the_metrics_layer_counts_every_status() -> None:
    document = yaml.safe_load((ROOT / "dbt_project/models/semantic/conversations.yml").read_text("utf-8"))
    (model,) = document["semantic_models"]
    counted = {
        one["name"]: found[1]
        for one in model["measures"]
        if (found := re.search(r"status = '(\w+)'", one.get("expr", "")))
    }
    assert counted == {status: status for status in STATUSES}


def test_what_counts_as_a_status_is_written_in_one_place() -> None:
    """Seven queries had it, so a new status would have been missing in some of them."""
    counting = re.compile(r"filter \(where[^)]*status\b")
    assert [file.name for file in sorted(PUBLISHED.rglob("*.py")) if counting.search(file.read_text("utf-8"))] == []
