"""A published shop, and MetricFlow to ask it, as the README says to set it up."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from flows.engines.fingerprint import PROJECT
from flows.ground.home import Home
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.reader import Reader
from tests.metrics_layer import asking
from tests.metrics_layer.shop import publish_shop

Ask = Callable[..., list[dict[str, Any]]]


def run(project: Path, home: Home, command: str, *arguments: str) -> str:
    """The output of `dbt` or `mf` on the published file of a home."""
    environment = {**os.environ, "DBT_TARGET": "published", "PUBLISHED_FILE": str(home.published_file)}
    program = str(Path(sys.executable).with_name(command))
    done = subprocess.run(
        [program, *arguments], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("it's published"))
    publish_shop(home)
    return home


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory, published: Home) -> Path:
    """A copy of the dbt project, parsed for MetricFlow."""
    folder = tmp_path_factory.mktemp("project") / "dbt_project"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("target", "logs", "__pycache__"))
    run(folder, published, "dbt", "parse", "--quiet")
    return folder


@pytest.fixture(scope="session")
def metricflow(project: Path, published: Home) -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(
        1,
        multiprocessing.get_context("spawn"),
        initializer=asking.open_project,
        initargs=(str(project), str(published.published_file)),
    ) as process:
        yield process


@pytest.fixture
def ask(metricflow: ProcessPoolExecutor) -> Ask:
    """Rows of `mf query`, as dicts."""

    def asked(metrics: list[str], group_by: list[str], *where: str) -> list[dict[str, Any]]:
        columns, rows = metricflow.submit(asking.ask, metrics, group_by, list(where)).result()
        return [dict(zip(columns, row, strict=True)) for row in rows]

    return asked


@pytest.fixture
def reader(published: Home) -> Iterator[Reader]:
    with DuckDBFile(published).read() as reader:
        yield reader
