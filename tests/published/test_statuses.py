"""A status (rule 3.5) is counted, shown and drawn wherever another is: the dictionary says which there are."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import yaml

import flows.published
from contract import HANDED_OFF
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


def test_which_statuses_were_handed_off_is_written_in_one_place() -> None:
    """Eight files had it, three of them checks; models and the metrics layer, which read no Python, are compared."""
    pair = re.compile(r"""['"]routed['"], ['"]closed['"](?!:)""")
    files = [file for room in ("flows", "expectations", "notebooks") for file in sorted((ROOT / room).rglob("*.py"))]
    assert [file.name for file in files if pair.search(file.read_text("utf-8"))] == []
    assert set(HANDED_OFF) < set(STATUSES)
    listed = ", ".join(f"'{one}'" for one in HANDED_OFF)
    models = (ROOT / "dbt_project/macros/status.sql").read_text("utf-8")
    assert f"{{% macro is_handed_off(status) -%}} {{{{ status }}}} in ({listed}) {{%- endmacro %}}" in models
    document = yaml.safe_load((ROOT / "dbt_project/models/semantic/conversations.yml").read_text("utf-8"))
    (metric,) = (one for one in document["metrics"] if one["name"] == "handoffs")
    assert metric["filter"] == f"{{{{ Dimension('conversation__status') }}}} in ({listed})"
