"""What is generated from the dictionary is as the dictionary is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import contract
from contract import generate
from contract.generate import catalogue


def test_every_generated_file_is_as_the_dictionary_is() -> None:
    assert generate.stale() == [], "run `make generate`"


def test_a_generated_file_says_in_its_first_line_how_to_change_it() -> None:
    for file, text in generate.generated().items():
        assert "enerated" in text.splitlines()[0], file
        assert "make generate" in text.splitlines()[0], file


def test_a_check_names_what_is_stale_and_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    changed = tmp_path / "metrics.md"
    changed.write_text("old", "utf-8")
    monkeypatch.setattr(generate, "generated", lambda: {changed: "new"})
    assert generate.main(["--check"]) == 1
    assert str(changed) in capsys.readouterr().out
    assert changed.read_text("utf-8") == "old"
    assert generate.main([]) == 0
    assert changed.read_text("utf-8") == "new"
    assert generate.main(["--check"]) == 0


def test_it_is_one_command() -> None:
    subprocess.run([sys.executable, "-m", "contract.generate", "--check"], check=True, cwd=generate.ROOT)


def test_every_table_column_and_metric_stands_in_the_catalogue() -> None:
    (page,) = catalogue.files().values()
    sections = dict(zip(*[iter(re.split(r"^### (\w+)\n", page, flags=re.MULTILINE)[1:])] * 2, strict=True))
    for table in contract.metrics().values():
        columns = re.findall(r"^\| (?:\*\*)?`(\w+)`(?:\*\*)? \|", sections[table.name], re.MULTILINE)
        assert columns == [column.name for column in table.columns], table.name
    for metric in catalogue.metrics():
        assert f"| `{metric['name']}` |" in page
        assert re.search(r"\(rules? \d+\.\d", metric["description"]), metric["name"]
