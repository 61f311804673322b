"""A cluster for the tests of this folder, and settings that name it.

The tests build in one folder (`home`), so that they have one session: its workers have compiled what they need.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from flows.engines import cluster as sessions
from tests.spark.cluster import cluster

# Machine code that is good enough and soon there, and room for all of it: where the room is full, Java compiles nothing
# any more, and says so once.
JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=160m"
# With few rows, compiling a query takes longer than running it, and so does planning it anew after each step; the last
# build of test_parity.py and its check plan as users' do.
CONF = {
    "spark.driver.memory": "512m",  # the least that Spark starts with
    "spark.driver.maxResultSize": "1m",  # whatever collects a table fails
    "spark.executor.memory": "900m",
    "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",  # without a process for each file it makes
    "spark.locality.wait": "0",
    "spark.buffer.pageSize": "256k",  # of each sort and table of a join, which else begins with 32 MB of zeros
    "spark.broadcast.blockSize": "256k",  # of each thing that the driver sends out, which else begins with 4 MB
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.files.minPartitionNum": "1",  # small files together make one task
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "1000",
    "spark.sql.parquet.columnarReaderBatchSize": "256",  # rows for which every column of every file gets room
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.extraJavaOptions": JAVA,
    "spark.executor.extraJavaOptions": JAVA,
}


@pytest.fixture(scope="session")
def on_spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A settings file that names a cluster of two workers on this machine."""
    assert shutil.which("java") or os.environ.get("JAVA_HOME"), "these tests need Java 17 or 21: sh setup.sh java"
    folder = tmp_path_factory.mktemp("cluster")
    with cluster(folder) as address, pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYSPARK_PYTHON", "there is no Python on the workers")
        settings = folder / "agent-metrics.toml"
        conf = "".join(f'"{name}" = "{value}"\n' for name, value in CONF.items())
        settings.write_text(f'engine = "spark"\n[spark]\nmaster = "{address}"\n[spark.conf]\n{conf}', "utf-8")
        yield str(settings)
        sessions.close()
