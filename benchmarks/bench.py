"""The main job on a large history and on a tenth of it: from nothing, and after one more small delivery; and beside it,
on the same lakes, Postgres, Spark, a hand-written script of bare SQL, and pandas.

    python benchmarks/bench.py [--conversations 1000000] [--deliveries 5] [--dir .bench]

Each stage is a process of its own, as a user starts it; wall time and peak memory are the process's. Results go to
benchmarks/results.json and, for people, to the table in benchmarks/README.md. Nothing here is a test.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from engines import against_yardsticks, on_postgres, on_spark

HERE = Path(__file__).parent
COMMAND = Path(sys.executable).with_name("agent-metrics")
GENERATE = [sys.executable, str(HERE / "generate.py"), "--conversations"]
AS_OF = "2026-06-01T00:00:00Z"


def measured(*arguments: str) -> dict[str, float]:
    """Run the command; seconds of wall time and MiB of peak memory."""
    began = time.perf_counter()
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0), (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
    process = os.posix_spawn(COMMAND, [str(COMMAND), *arguments], os.environ, file_actions=quiet)
    _, status, usage = os.wait4(process, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"agent-metrics {' '.join(arguments)} ended with {os.waitstatus_to_exitcode(status)}")
    return {"seconds": round(time.perf_counter() - began, 1), "peak_mib": usage.ru_maxrss // 1024}


def history(folder: Path, conversations: int, deliveries: int) -> dict[str, Any]:
    """All figures of one size."""
    files, home = folder / f"files-{conversations}", folder / f"home-{conversations}"
    if not (files / "done").exists():
        # In processes of their own: a child starts with its parent's peak memory.
        subprocess.run([*GENERATE, str(conversations), "--out", files / "history"], check=True)
        for number in range(1, deliveries + 2):  # the last one goes to Postgres
            subprocess.run(
                [*GENERATE, str(conversations), "--out", files / f"delivery-{number}", "--delivery", str(number)],
                check=True,
            )
        (files / "done").touch()
    shutil.rmtree(home, ignore_errors=True)
    at = ["--home", str(home)]
    result: dict[str, Any] = {"conversations": conversations}
    result["from nothing"] = {
        "pull": measured("pull", *at, "--path", str(files / "history")),
        "build": measured("build", *at, "--as-of", AS_OF),
        "check": measured("check", *at),
        "publish": measured("publish", *at),
    }
    print(conversations, "from nothing", result["from nothing"], flush=True)
    runs = []
    for number in range(1, deliveries + 1):
        as_of = f"2026-06-{number + 1:02}T00:00:00Z"
        runs.append(measured("run", *at, "--path", str(files / f"delivery-{number}"), "--as-of", as_of))
        print(conversations, "delivery", number, runs[-1], flush=True)
    result["one more delivery (run)"] = runs
    result["published bytes"] = (home / "metrics.duckdb").stat().st_size
    return result


def total(stages: dict[str, dict[str, float]]) -> float:
    return round(sum(stage["seconds"] for stage in stages.values()), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=1_000_000)
    parser.add_argument("--deliveries", type=int, default=5)
    parser.add_argument("--dir", type=Path, default=Path(".bench"))
    options = parser.parse_args()
    sizes = [options.conversations // 10, options.conversations]
    results = [history(options.dir, size, options.deliveries) for size in sizes]
    homes = [options.dir / f"home-{size}" for size in sizes]
    last = f"2026-06-{options.deliveries + 2:02}T00:00:00Z"
    postgres = {}
    for size, home in zip(sizes, homes, strict=True):
        delivery = options.dir / f"files-{size}" / f"delivery-{options.deliveries + 1}"
        postgres[str(size)] = on_postgres(home, delivery, last)
    print("postgres", postgres, flush=True)
    yardsticks = {
        str(size): against_yardsticks(home, last, options.dir, 3) for size, home in zip(sizes, homes, strict=True)
    }
    print("yardsticks", yardsticks, flush=True)
    spark = {str(size): on_spark(home, last, options.dir) for size, home in zip(sizes, homes, strict=True)}
    print("spark", spark, flush=True)
    small, large = (statistics.median(run["seconds"] for run in one["one more delivery (run)"]) for one in results)
    document = {
        "machine": f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}",
        "load average at the end": os.getloadavg(),
        "histories": results,
        "small delivery, median seconds": {str(sizes[0]): small, str(sizes[1]): large},
        "postgres, seconds": postgres,
        "full build beside bare SQL and pandas, seconds": yardsticks,
        "spark, seconds": spark,
        "small delivery, large history against a tenth of it": round(large / small, 2),
    }
    (HERE / "results.json").write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    for one in results:
        stages = one["from nothing"]
        print(f"\n{one['conversations']:,} conversations, from nothing: {total(stages)} s")
        for name, stage in stages.items():
            print(f"  {name:8} {stage['seconds']:7.1f} s {stage['peak_mib']:7.0f} MiB")
    print(f"\none more delivery of 1,000 conversations: {small} s on {sizes[0]:,}, {large} s on {sizes[1]:,}")
    print(f"ratio {large / small:.2f}; written to {HERE / 'results.json'}")


if __name__ == "__main__":
    main()
