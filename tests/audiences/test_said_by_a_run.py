"""A run says what is wrong with definitions, and with their folder: nobody looks at `check` every day."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from flows import jobs
from flows.ground.home import Home
from flows.settings.requests import RunRequest
from tests.audiences.test_past import SEGMENT, delivered


def test_a_run_says_which_account_and_which_folder_is_not_there(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is not mounted took all segments away, with since when their members are in."""
    monkeypatch.chdir(tmp_path)
    delivered(tmp_path / "shop")
    folder = tmp_path / "definitions"
    folder.mkdir()
    (tmp_path / "agent-metrics.toml").write_text('segments = "definitions"', "utf-8")
    (folder / "wrote.yml").write_text(SEGMENT, "utf-8")
    (folder / "missed.yml").write_text(SEGMENT + "accounts:\n  - a\n  - aa\n", "utf-8")

    def said() -> list[str]:
        result = jobs.run(RunRequest(home=str(home.root), path=str(tmp_path / "shop"), as_of="2026-06-06T00:00:00Z"))
        assert result.build
        return result.build.segment_problems

    unknown = "accounts: there is no account 'aa'; did you mean 'a'?"
    for _ in range(2):  # the second finds nothing new
        assert said() == [f"{folder / 'missed.yml'}, line 13: {unknown}"]
    folder.rename(tmp_path / "elsewhere")
    missing, account = said()
    what = f"{folder}, which the setting segments names, does not exist"
    assert missing == f"{what}; the definitions of the last run count"
    assert account.endswith(unknown)
    with duckdb.connect(str(home.published_file), read_only=True) as connection:
        query = "select segment from metrics.segments where segment in ('missed', 'wrote') order by segment"
        assert connection.execute(query).fetchall() == [("missed",), ("wrote",)]
