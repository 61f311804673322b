"""A cluster for the tests of this folder, and settings that name it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

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
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",  # the same of machine code
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}


@pytest.fixture(scope="session")
def on_spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A settings file that names a cluster of two workers on this machine."""
    assert shutil.which("java") or os.environ.get("JAVA_HOME"), "these tests need Java 17 or 21: sh setup.sh java"
    folder = tmp_path_factory.mktemp("cluster")
    with cluster(folder) as address:
        settings = folder / "agent-metrics.toml"
        conf = "".join(f'"{name}" = "{value}"\n' for name, value in CONF.items())
        settings.write_text(f'engine = "spark"\n[spark]\nmaster = "{address}"\n[spark.conf]\n{conf}', "utf-8")
        yield str(settings)
        sessions.close()
