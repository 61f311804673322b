"""A small delivery on two checkouts by turns, on one home: what a change of the start or of each model's cost gains.

    python benchmarks/small_runs.py BEFORE AFTER --home .bench/demo [--pairs 5]

`BEFORE` and `AFTER` are folders of checkouts whose builds go on from each other; `--home` is one of `agent-metrics
demo`, and gets 20 conversations and 40 messages with each run. The figures go to benchmarks/small_runs.json.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from taken import spent, taken

from flows.ground.build import Build
from flows.ground.home import Home

RESULTS = Path(__file__).with_name("small_runs.json")


def deliver(folder: Path, at: datetime) -> None:
    """Twenty conversations of two messages each, one a minute."""
    conversations, messages = [], []
    for number in range(20):
        key = {"account_id": "aurora", "conversation_id": f"{at:%Y%m%d%H%M}-{number}"}
        begun = at + timedelta(minutes=number)
        conversations.append({**key, "channel": "web_chat", "created_at": begun.isoformat()})
        for sender, text in (("visitor", f"Where is parcel number {number}?"), ("agent", "It is on its way.")):
            message = {"message_id": f"{key['conversation_id']}-{sender}", "sender": sender, "text": text}
            messages.append({**key, **message, "sent_at": begun.isoformat()})
    folder.mkdir(parents=True)
    for name, rows in (("conversations", conversations), ("messages", messages)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def measured(checkout: Path, home: Path, folder: Path, as_of: datetime) -> dict[str, float]:
    """Seconds of wall and of processor time of one run, and MiB of peak memory."""
    command = [sys.executable, "-m", "flows.command", "run", "--home", str(home), "--source", "files"]
    command += ["--path", str(folder), "--as-of", as_of.isoformat()]
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment, cwd=checkout, stdout=subprocess.DEVNULL)
    return spent(process.pid, began, f"a run of {checkout}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkouts", type=Path, nargs=2, metavar="CHECKOUT")
    parser.add_argument("--home", type=Path, default=Path(".bench/demo"))
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    built = Build.read(Home(options.home))
    if built is None:
        sys.exit(f"make the home first: agent-metrics demo --home {options.home}")
    at = datetime.fromisoformat(built.as_of).astimezone(UTC)
    runs: dict[str, list[dict[str, float]]] = {"before": [], "after": []}
    for number in range(-2, options.pairs):  # the first two pairs leave what is kept for those after them
        for name, checkout in zip(runs, options.checkouts, strict=True):
            folder = options.home.with_name(f"{options.home.name}-deliveries") / f"{at:%Y%m%d%H%M}"
            deliver(folder, at)
            at += timedelta(minutes=30)
            found = measured(checkout.resolve(), options.home.resolve(), folder.resolve(), at)
            if number >= 0:
                runs[name].append(found)
            print(name, found, flush=True)
    medians = {
        name: {figure: statistics.median(run[figure] for run in found) for figure in found[0]}
        for name, found in runs.items()
    }
    RESULTS.write_text(json.dumps({"taken": taken(), "medians": medians, "runs": runs}, indent=1) + "\n", "utf-8")
    print(medians)


if __name__ == "__main__":
    main()
