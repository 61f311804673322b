"""The Open Data Contract that is generated holds for what is published, says the tool that others test it with.

The tool wants another version of Typer than the command line here, so it lives in an environment of its own, which
setup.sh makes of the versions in `datacontract.lock`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from contract.generate import ROOT, odcs
from flows.ground.home import Home

LOCK = Path(__file__).with_name("datacontract.lock")
AS_OF = "2026-06-07T12:00:00Z"  # of nearly all cases


@pytest.fixture(scope="session")
def tool() -> Path:
    """The command `datacontract`."""
    environment = ROOT / ".venv" / "datacontract"
    made_of = environment / ".ready"
    if not made_of.exists() or made_of.read_text("utf-8") != LOCK.read_text("utf-8"):
        subprocess.run(["sh", "setup.sh", "datacontract"], cwd=ROOT, check=True)
    return environment / "bin" / "datacontract"


@pytest.fixture
def failed(tool: Path, published: Callable[[str], Home], tmp_path: Path) -> Callable[[str], list[str]]:
    """The checks that fail once some SQL has been run on a copy of the published file, as table, column and check."""

    def test(sql: str) -> list[str]:
        file, results = tmp_path / "warehouse.duckdb", tmp_path / "results.json"
        shutil.copy(published(AS_OF).published_file, file)
        with closing(duckdb.connect(file)) as connection:
            connection.execute(sql)
        arguments = ["test", str(ROOT / odcs.FILE), "--output", str(results), "--output-format", "json"]
        done = subprocess.run([tool, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert results.exists(), done.stdout + done.stderr
        checks: list[dict[str, Any]] = json.loads(results.read_text("utf-8"))["checks"]
        assert len(checks) > 500
        found = [f"{one['model']}.{one['field']}: {one['type']}" for one in checks if one["result"] != "passed"]
        assert done.returncode == bool(found), done.stdout
        return found

    return test


def test_what_is_published_passes_the_contract(failed: Callable[[str], list[str]]) -> None:
    assert failed("") == []


def test_what_breaks_the_contract_fails(failed: Callable[[str], list[str]]) -> None:
    """A contract that lets everything pass would pass as well."""
    broken = """
        update metrics.conversations set status = 'lost' where rowid = 0;
        update metrics.conversations set profile_name = null where rowid = 1;
        insert into metrics.daily_performance select * from metrics.daily_performance limit 1;
        alter table metrics.messages drop column text;
        alter table metrics.products alter url type bigint using 1"""
    assert sorted(failed(broken)) == [
        "conversations.profile_name: field_required",
        "conversations.status: field_enum",
        "daily_performance.None: primary_key_unique",
        "messages.text: field_is_present",
        "messages.text: field_type",
        "products.url: field_type",
    ]
