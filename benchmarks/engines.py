"""What the default is held against: Spark on the same lake, the bare SQL of one hand-written script, pandas; and
publishing to Postgres beside publishing to the file.

Every figure is of a process of its own, start-up included; medians where a run takes less than minutes.
"""

from __future__ import annotations

import json
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
COMMAND = Path(sys.executable).with_name("agent-metrics")
MODEL = re.compile(r" model (?:\S+\.)?(\w+) \.+ \[\S*OK\S* in ([\d.]+)s\]")  # a line of dbt's log
YARDSTICKS = HERE / "yardsticks"
SIZE = """
import psycopg, sys
with psycopg.connect(sys.argv[1]) as connection:
    print(connection.execute("select pg_database_size(current_database())").fetchone()[0])
"""
SPARK = {
    "spark.driver.memory": "1g",
    "spark.executor.memory": "3g",
    "spark.sql.shuffle.partitions": "16",
}


def seconds(*command: str | Path) -> dict[str, float]:
    """Wall and processor time of a process that has to succeed; on a busy machine only the latter compares."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": round(time.perf_counter() - began, 1), "cpu": round(cpu, 1)}


def against_yardsticks(home: Path, as_of: str, folder: Path, times: int) -> dict[str, Any]:
    """Our full build, bare.sql and pandas on the lake of `home`; all three hold the same rows, or this exits."""
    bare, pandas = folder / "bare.duckdb", folder / "pandas"
    python = sys.executable
    at = ["--home", str(home), "--as-of", as_of]
    ours, theirs, frames = [], [], []
    for _ in range(times):
        ours.append(seconds(COMMAND, "build", *at, "--full-refresh"))
        theirs.append(seconds(python, YARDSTICKS / "bare.py", *at, "--out", bare))
    frames.append(seconds(python, YARDSTICKS / "with_pandas.py", *at, "--out", pandas))
    subprocess.run([python, YARDSTICKS / "same.py", "--home", home, bare, pandas], check=True)
    log = (home / "dbt" / "logs" / "dbt.log").read_text("utf-8")
    models = dict(MODEL.findall(log))  # those of the last build
    slowest = sorted(models, key=lambda name: -float(models[name]))[:12]

    def ratio(one: list[dict[str, float]], other: list[dict[str, float]], clock: str) -> float:
        return round(statistics.median(t[clock] for t in one) / statistics.median(t[clock] for t in other), 2)

    shutil.rmtree(pandas)
    bare.unlink()
    return {
        "our build": ours,
        "bare SQL": theirs,
        "pandas": frames,
        "our build against bare SQL": {clock: ratio(ours, theirs, clock) for clock in ("wall", "cpu")},
        "pandas against our build": {clock: ratio(frames, ours, clock) for clock in ("wall", "cpu")},
        "seconds of our slowest models": {name: round(float(models[name]), 1) for name in slowest},
    }


def on_spark(home: Path, as_of: str, folder: Path) -> dict[str, Any]:
    """A full build on a cluster of two workers on this machine, from the lake of `home`, beside that of DuckDB."""
    sys.path.insert(0, str(HERE.parent))
    from tests.spark.cluster import cluster  # noqa: PLC0415  the only part that needs Java

    other = folder / "spark"
    shutil.rmtree(other, ignore_errors=True)
    other.mkdir()
    (other / "lake").symlink_to((home / "lake").absolute())
    with cluster(folder / "cluster", memory="4g") as address:
        settings = folder / "spark.toml"
        conf = "".join(f'"{name}" = "{value}"\n' for name, value in SPARK.items())
        settings.write_text(f'[spark]\nmaster = "{address}"\n[spark.conf]\n{conf}', "utf-8")
        at = ["--home", str(other), "--config", str(settings)]
        build = seconds(COMMAND, "build", *at, "--as-of", as_of, "--engine", "spark")
        check = seconds(COMMAND, "check", *at)
        publish = seconds(COMMAND, "publish", *at)
    files = list((other / "candidate" / "spark").rglob("*.parquet"))
    result = {
        "build": build,
        "check": check,
        "publish": publish,
        "files": len(files),
        "bytes": sum(file.stat().st_size for file in files),
        "peak MiB of a process": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
    }
    shutil.rmtree(other)
    return result


def on_postgres(home: Path, delivery: Path, as_of: str) -> dict[str, Any]:
    """What is published in `home` sent to an empty database, then one more delivery; a server with its defaults."""
    sys.path.insert(0, str(HERE.parent))
    from tests.warehouses.servers import fresh, wheel  # noqa: PLC0415

    with wheel() as server:
        url = fresh(server)
        at = ["--home", str(home), "--warehouse", "duckdb", "--warehouse", url]
        from_nothing = seconds(COMMAND, "publish", *at)
        began = time.perf_counter()
        words = [COMMAND, "run", *at, "--path", str(delivery), "--as-of", as_of, "--json"]
        said = subprocess.run(words, check=True, capture_output=True, text=True)
        run = round(time.perf_counter() - began, 1)
        (sent,) = [one for one in json.loads(said.stdout)["warehouses"] if one["warehouse"] == url]
        size = subprocess.run(
            [sys.executable, "-c", SIZE, url], check=True, capture_output=True, text=True
        ).stdout.strip()
    return {
        "from nothing": from_nothing,
        "database bytes": int(size),
        "one more delivery (run)": run,
        "sent": {name: sent[name] for name in ("rows", "keys", "bytes")},
    }
