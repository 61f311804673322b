"""The notebook for analysts runs on what is published, as marimo runs it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from contract.generate import ROOT
from flows.ground.home import Home
from tests.gaps.shop import publish_to
from tests.published.shop import asked_shop
from tests.warehouses import servers

NOTEBOOK = ROOT / "notebooks" / "performance.py"


def exported(folder: Path) -> str:
    """The notebook with what its cells gave, as HTML; fails where one of them did."""
    out = folder / "out.html"
    notebook = shutil.copy(NOTEBOOK, folder)  # marimo writes beside it what it has shown
    command = [sys.executable, "-m", "marimo", "-q", "-y", "export", "html", "--no-include-code", str(notebook)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AGENT_METRICS_", "PG"))}
    environment = {**kept, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, "-o", str(out)],
        check=False,
        capture_output=True,
        text=True,
        timeout=180,
        cwd=folder,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr.lower(), done.stderr
    return out.read_text("utf-8")


@pytest.mark.parametrize("where", ["duckdb", "postgres"])
def test_every_cell_of_the_notebook_gives_something(tmp_path: Path, where: str) -> None:
    """A name that the published modules have given up broke it, and nobody noticed before an analyst did."""
    home = Home(tmp_path / "home")
    home.root.mkdir()
    if where == "duckdb":
        publish_to(home, asked_shop())
        (tmp_path / "agent-metrics.toml").write_text('home = "home"\n', "utf-8")
        html = exported(tmp_path)
    else:
        with servers.wheel() as server:
            url = servers.fresh(server)
            publish_to(home, asked_shop(), url)
            (tmp_path / "agent-metrics.toml").write_text(f'home = "home"\nwarehouse = "{url}"\n', "utf-8")
            html = exported(tmp_path)
    for shown in ("Name of shop", "volume", "vnd.vegalite", "daily_performance", "recontacted_conversations"):
        assert shown in html, shown
    assert "MarimoExceptionRaisedError" not in html
    assert not re.search(r"marimo-error|Traceback", html)
