"""The Spark session: one per process, on the cluster that the settings name."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flows.ground.errors import ClusterUnavailable, InputError
from flows.ground.extras import how_to_install
from flows.ground.home import Home, write_durably
from flows.settings import SparkSettings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PATIENCE = 10.0  # seconds for the master to answer

# What the candidate relies on; all else is the cluster's or the user's to say.
CONDITIONS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.catalogImplementation": "in-memory",  # the engine keeps its own catalogue beside the tables
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.sources.partitionOverwriteMode": "dynamic",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.sql.legacy.allowNonEmptyLocationInCTAS": "true",  # tables are written over their own folder
}
DEFAULTS = {
    "spark.app.name": "agent-metrics",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
LOG = """rootLogger.level = warn
rootLogger.appenderRef.file.ref = file
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = {folder}/spark.log
appender.file.filePattern = {folder}/spark.%i.log
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{{ISO8601}}{{UTC}} %p %c: %m%n%ex
appender.file.policies.type = SizeBasedTriggeringPolicy
appender.file.policies.size = 10MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 2
"""

_open: list[tuple[Mapping[str, str], SparkSession]] = []


def session(home: Home, settings: SparkSettings) -> SparkSession:
    """The session of this process, opened if it is not open yet under these settings; it ends with the process.

    Raises InputError without Java, pyspark or a master, ClusterUnavailable where the master does not answer.
    """
    master = ready(settings)
    options = {**DEFAULTS, **_loopback(master), **settings.conf, **CONDITIONS}
    options |= {"spark.master": master, "spark.sql.warehouse.dir": str(scratch(home))}
    options["spark.driver.extraJavaOptions"] = " ".join(
        [options.get("spark.driver.extraJavaOptions", ""), f"-Dlog4j2.configurationFile={_log(home)}"]
    ).strip()
    if _open and _open[0][0] == options:
        return _open[0][1]
    close()
    from pyspark.sql import SparkSession  # noqa: PLC0415 - only this engine needs it

    builder = SparkSession.builder
    for name, value in options.items():
        builder = builder.config(name, value)
    try:
        opened = builder.getOrCreate()
    except Exception as error:  # what the Java side throws has no type of its own here
        raise _unavailable(master, str(error).partition("\n")[0]) from error
    _open.append((options, opened))
    return opened


def ready(settings: SparkSettings) -> str:
    """The master's address, once everything is there to open a session on it; raises as `session` does."""
    if settings.master is None:
        remedy = 'name it, e.g. master = "spark://host:7077"'
        raise InputError("there is no cluster for the engine spark", where="setting spark.master", remedy=remedy)
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        remedy = "install Java (on Debian: apt-get install default-jre-headless), or set JAVA_HOME"
        raise InputError("Spark needs a Java runtime, 17 or 21, and there is none", where="java", remedy=remedy)
    if find_spec("pyspark") is None or find_spec("dbt.adapters.spark") is None:
        raise InputError("the engine spark needs the extra `spark`", where="pyspark", remedy=how_to_install("spark"))
    _answers(settings.master)
    return settings.master


def close() -> None:
    """End the session, if there is one."""
    while _open:
        _open.pop()[1].stop()


def scratch(home: Home) -> Path:
    """Tables that a build needs for a moment."""
    return home.candidate / "spark.scratch"


def _answers(master: str) -> None:
    """Ask the master's port before Spark does, which takes a minute to say that nobody is there."""
    if not master.startswith("spark://"):
        return
    address = urlsplit(master.split(",", maxsplit=1)[0])
    try:
        socket.create_connection((address.hostname or "", address.port or 7077), PATIENCE).close()
    except OSError as error:
        raise _unavailable(master, error.strerror or str(error)) from None


def _unavailable(master: str, why: str) -> ClusterUnavailable:
    remedy = "start it, or correct [spark] master; the last publication stands"
    return ClusterUnavailable(f"the Spark cluster does not answer ({why})", where=master, remedy=remedy)


def _loopback(master: str) -> dict[str, str]:
    """On a cluster on this machine the driver listens on loopback, too."""
    host = urlsplit(master).hostname or ""
    return {"spark.driver.host": host, "spark.driver.bindAddress": host} if host.startswith("127.") else {}


def _log(home: Home) -> Path:
    """Where log4j is told to write to a file instead of the terminal."""
    folder = home.dbt / "logs"
    file = folder / "log4j2.properties"
    write_durably(file, LOG.format(folder=folder))
    return file
