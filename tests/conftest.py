"""What tests share: a home to work in, and the main job run in this process."""

from __future__ import annotations

import gc
import importlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from flows import jobs
from flows.ground.home import Home
from flows.jobs import Result
from flows.settings.requests import RunRequest

pytest_plugins = ["tests.costs"]
Run = Callable[..., Result]

# What `make quick` leaves out: clusters, browsers, servers, environments, and work that is killed again and again.
SLOW = (
    "dashboard/test_page.py",
    "dashboard/test_command.py",
    "delivery/test_killed_handoffs.py",
    "golden/test_datacontract.py",
    "metrics_layer/",
    "published/test_export_interrupted.py",
    "reference/test_reference.py",
    "spark/",
    "test_any_delivery.py",
    "test_backup.py",
    "test_bi.py",
    "test_flows.py",
    "test_installation.py",
    "test_killed_run.py",
    "test_up.py",
    "warehouses/test_interrupted.py",
    "warehouses/test_postgres_interrupted.py",
)

TOGETHER = ("tests/golden/", "tests/metrics_layer/", "tests/spark/")

# What takes longest begins first, in this order: otherwise one process works on it when the other has no more to do.
LONG = (
    "spark/",
    "test_flows.py",
    "test_killed_run.py",
    "test_any_delivery.py",
    "dashboard/test_page.py",
    "warehouses/test_interrupted.py",
    "warehouses/test_postgres_commands.py",
    "audiences/test_follow_ups.py",
    "delivery/test_handoffs_from_a_build.py",
    "lake/",
    "gaps/test_work_list.py",
    "dashboard/",
    "golden/",
    "warehouses/",
    "sources/test_run_sources.py",
    "sources/test_published.py",
)

# pyspark takes a main module without a file, as the workers of xdist have, for its own tests, and ends the process.
# Great Expectations imports it; what is imported once is not looked at again.
if not hasattr(main := sys.modules["__main__"], "__file__"):
    main.__file__ = __file__
    importlib.import_module("expectations.with_great_expectations")
    del main.__file__

# What is imported and dbt's manifest are a million objects, in which Python would look for garbage again and again.
gc.set_threshold(50_000, 20, 50)

# However busy the machine is, a run groups all questions, unless a test is about those that wait.
os.environ.setdefault("AGENT_METRICS_TOPICS__LONGEST_WAIT_SECONDS", "3600")

# How fast examples are drawn says more of the machine than of the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The tests of a file share its servers and homes, those of some rooms across files: one process runs them.

    Said here and not by marks: xdist 3.8 writes groups into a name of a test that pytest 9.2 does not read, each test
    goes to any process, and each process starts everything.
    """
    from xdist.scheduler import LoadFileScheduling  # noqa: PLC0415  only where there are several processes

    def together(test: str) -> str:
        return next((room for room in TOGETHER if test.startswith(room)), test.partition("::")[0])

    scheduler = LoadFileScheduling(config, log)
    scheduler._split_scope = together
    return scheduler


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first."""
    here = Path(__file__).parent
    for item in items:
        file = item.path.relative_to(here).as_posix()
        if file.startswith(SLOW):
            item.add_marker("slow")

    def begins(item: pytest.Item) -> tuple[int, bool]:
        file = item.path.relative_to(here).as_posix()
        return next((at for at, name in enumerate(LONG) if file.startswith(name)), len(LONG)), not file.startswith(SLOW)

    items.sort(key=begins)


@pytest.fixture(scope="session")
def _workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workplace") / "home"


@pytest.fixture
def home(_workplace: Path) -> Home:
    """An empty home. All tests of a process take the same folder in turn, so that dbt parses the project once."""
    _workplace.mkdir(exist_ok=True)
    for part in _workplace.iterdir():
        if part.is_dir() and part.name != "dbt":
            shutil.rmtree(part)
        elif part.is_file():
            part.unlink()
    return Home(_workplace)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Makes a home of which earlier runs have kept the statements: its processes neither import dbt nor wait for it.

    Called with the folder of a home, which it gives back.
    """
    from flows.engines import statements  # noqa: PLC0415  not every process builds
    from flows.ground.build import Build  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("prepared")
    home, account = Home(folder / "home"), {"account_id": "a", "timezone": "UTC", "currency": "EUR"}
    for day in ("2026-06-01", "2026-06-02"):  # one build from nothing, and one that goes on
        write_rows(folder / "shop" / "accounts" / f"{day}.jsonl", [{**account, "updated_at": day}])
        asked = RunRequest(home=str(home.root), path=str(folder / "shop"), as_of=day, max_rejected_share=1.0)
        assert jobs.run(asked).outcome == "published"
    built = Build.read(home)
    assert built
    for is_full in (True, False):
        known = statements.kept(home, built.project_text, is_full=is_full)
        assert all(one.sql for one in known.models.values())
        statements.keep_models(home, known, known.models)  # also where other homes of this process have kept them

    def prepare(folder: Path) -> Path:
        Home(folder).dbt.mkdir(parents=True)
        for file in home.dbt.glob("statements-*.json"):
            shutil.copy(file, Home(folder).dbt)
        return folder

    return prepare


@pytest.fixture
def run(home: Home) -> Run:
    """The main job on `home`; called with a folder or None, as-of, and fields of Ask."""

    def call(folder: Path | None, as_of: str, **asked: Any) -> Result:
        return jobs.run(RunRequest(home=str(home.root), path=str(folder) if folder else None, as_of=as_of, **asked))

    return call


def write_rows(file: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Rows as JSON lines."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
