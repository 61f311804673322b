"""A cluster for the tests of this folder, and settings that name it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.engines import cluster as sessions
from tests.spark.cluster import cluster

CONF = {
    "spark.driver.memory": "512m",  # the least that Spark starts with
    "spark.driver.maxResultSize": "1m",  # whatever collects a table fails
    "spark.executor.memory": "900m",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "1000",
    "spark.sql.codegen.wholeStage": "false",  # with few rows, compiling a query takes longer than running it
}


HAS_JAVA = bool(shutil.which("java") or os.environ.get("JAVA_HOME"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where `make test` could not install Java, it has said so; everybody else is told here."""
    for item in items:
        if not HAS_JAVA and item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.skip(reason="there is no Java; install 17 or 21 (`sh setup.sh java`)"))


@pytest.fixture(scope="session")
def on_spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A settings file that names a cluster of two workers on this machine."""
    folder = tmp_path_factory.mktemp("cluster")
    with cluster(folder) as address:
        settings = folder / "agent-metrics.toml"
        conf = "".join(f'"{name}" = "{value}"\n' for name, value in CONF.items())
        settings.write_text(f'engine = "spark"\n[spark]\nmaster = "{address}"\n[spark.conf]\n{conf}', "utf-8")
        yield str(settings)
        sessions.close()
