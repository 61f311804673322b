"""A standalone Spark cluster on loopback: a master and two workers, each a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyspark

SPARK_CLASS = Path(pyspark.__file__).parent / "bin" / "spark-class"
PATIENCE = 120  # seconds; a JVM starts in 3 on an idle machine


@contextmanager
def cluster(folder: Path, *, workers: int = 2, memory: str = "1500m") -> Iterator[str]:
    """The address of a cluster with one core and `memory` per worker; it ends with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as processes:
        master = processes.enter_context(
            _process(folder / "master.log", "master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
        )
        address = _said(folder / "master.log", r"Starting Spark master at (spark://127\.0\.0\.1:\d+)", master)
        for number in range(workers):
            log = folder / f"worker-{number}.log"
            arguments = ["--host", "127.0.0.1", "--webui-port", "0", "--cores", "1", "--memory", memory]
            work = ["--work-dir", str(folder / f"worker-{number}")]
            worker = processes.enter_context(_process(log, "worker.Worker", *arguments, *work, address))
            _said(log, r"(Successfully registered with master)", worker)
        yield address


@contextmanager
def _process(log: Path, name: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_DIRS": str(log.parent / "scratch")}
    environment["SPARK_DAEMON_MEMORY"] = "256m"
    environment["SPARK_DAEMON_JAVA_OPTS"] = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    with log.open("wb") as output:
        command = [str(SPARK_CLASS), f"org.apache.spark.deploy.{name}", *arguments]
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _said(log: Path, pattern: str, process: subprocess.Popen[bytes]) -> str:
    """What a process has said in its log, once it has said it."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        text = log.read_text("utf-8", "replace")
        if found := re.search(pattern, text):
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError(f"{log} did not say {pattern}:\n{log.read_text('utf-8', 'replace')[-2000:]}")
