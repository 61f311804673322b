"""What makes the next build start from nothing, and what does not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flows.engines import candidate


@pytest.mark.parametrize(
    ("file", "is_rebuilt"),
    [
        ("models/metrics/messages.sql", True),
        ("models/metrics/messages.yml", True),
        ("macros/time.sql", True),
        ("models/semantic/conversations.yml", False),  # asked of what is published, by others
        ("models/semantic/days.sql", False),
        ("profiles.yml", False),
    ],
)
def test_a_changed_model_is_built_anew_and_a_changed_metric_is_not(
    file: str, is_rebuilt: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "dbt_project"
    shutil.copytree(candidate.PROJECT, project, ignore=shutil.ignore_patterns("target", "logs", "__pycache__"))
    monkeypatch.setattr(candidate, "PROJECT", project)
    before = candidate.project_fingerprint("duckdb")
    with (project / file).open("a", encoding="utf-8") as changed:
        changed.write("\n# another line\n")
    assert (candidate.project_fingerprint("duckdb") != before) == is_rebuilt
