"""The main job on a large history and on a tenth of it: from nothing, and after one more small delivery; and beside it,
on the same lakes, Postgres, Spark, a hand-written script of bare SQL, and pandas.

    python benchmarks/bench.py [--sizes 100000 1000000] [--parts histories postgres yardsticks spark] [--dir .bench]

Each verb is a process of its own, as a user starts it; times and peak memory are the process's. Each
measurement goes to benchmarks/results.json as soon as it is made; for people they are in benchmarks/README.md. Nothing
here is a test.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from engines import against_yardsticks, on_postgres, on_spark
from taken import spent, taken

from flows.ground.home import Home

HERE = Path(__file__).parent
COMMAND = Path(sys.executable).with_name("agent-metrics")
GENERATE = [sys.executable, str(HERE / "generate.py"), "--conversations"]
AS_OF = "2026-06-01T00:00:00Z"
RESULTS = HERE / "results.json"
PARTS = ["histories", "postgres", "yardsticks", "spark"]


def measured(*arguments: str) -> dict[str, float]:
    """Run the command; seconds of wall and of processor time, MiB of peak memory."""
    began = time.perf_counter()
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0), (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
    process = os.posix_spawn(COMMAND, [str(COMMAND), *arguments], os.environ, file_actions=quiet)
    return spent(process, began, f"agent-metrics {' '.join(arguments)}")


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
    runs = []
    for number in range(1, deliveries + 1):
        as_of = f"2026-06-{number + 1:02}T00:00:00Z"
        runs.append(measured("run", *at, "--path", str(files / f"delivery-{number}"), "--as-of", as_of))
    result["one more delivery (run)"] = runs
    result["published bytes"] = Home(home).published_file.stat().st_size
    return result


def total(verbs: dict[str, dict[str, float]]) -> float:
    return round(sum(verb["seconds"] for verb in verbs.values()), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000], help="conversations, ascending")
    parser.add_argument("--deliveries", type=int, default=5)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="the first of them makes the homes")
    parser.add_argument("--dir", type=Path, default=Path(".bench"))
    options = parser.parse_args()
    for part in options.parts:
        for size in options.sizes:
            keep(part, size, measure(part, size, options.deliveries, options.dir))
    show(json.loads(RESULTS.read_text("utf-8")))


def measure(part: str, size: int, deliveries: int, folder: Path) -> dict[str, Any]:
    """One part on a history of one size; all but `histories` go on with the home that this one leaves."""
    home, last = folder / f"home-{size}", f"2026-06-{deliveries + 2:02}T00:00:00Z"
    match part:
        case "histories":
            return history(folder, size, deliveries)
        case "postgres":
            return on_postgres(home, folder / f"files-{size}" / f"delivery-{deliveries + 1}", last)
        case "yardsticks":
            return against_yardsticks(home, last, folder, 3)
        case _:
            return on_spark(home, last, folder)


def keep(part: str, size: int, found: dict[str, Any]) -> None:
    """Put one measurement among the results."""
    document = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    document.setdefault(part, {})[str(size)] = {"taken": taken(), **found}
    RESULTS.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    print(part, size, found, flush=True)


def show(document: dict[str, Any]) -> None:
    medians = {}
    for size, one in document["histories"].items():
        verbs = one["from nothing"]
        print(f"\n{int(size):,} conversations, from nothing: {total(verbs)} s")
        for name, verb in verbs.items():
            cpu = f"{verb['cpu']:7.1f} s of processor" if "cpu" in verb else ""  # older results have none
            print(f"  {name:8} {verb['seconds']:7.1f} s {cpu} {verb['peak_mib']:7.0f} MiB")
        medians[size] = statistics.median(run["seconds"] for run in one["one more delivery (run)"])
        print(f"  one more delivery of 1,000: {medians[size]} s")
    print(f"\nwritten to {RESULTS}")


if __name__ == "__main__":
    main()
