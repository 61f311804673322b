"""How long it takes to plan 100,000 changes of a list, and how much memory.

    python benchmarks/deliveries.py [--members 100000]

A list of so many members of which half leave the segment while as many come: the plan reads all members from a
DuckDB file, holds them against the ledger, and gives every change. Writes deliveries.json.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from taken import taken

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import duckdb  # noqa: E402

from flows.delivery.ledger import Ledger, now  # noqa: E402
from flows.delivery.plan import batches, planned  # noqa: E402

BATCH = 1000
MEMBERS = """
select 'shop', 'P' || printf('%08d', range) as profile_id, 'shopper' || range || '@mail.example', null, null,
    timestamptz '2026-06-01', 'reachable', 'no_address', 'no_address', null
from range({first}, {last}) order by range
"""


def mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=100_000)
    options = parser.parse_args()
    half = options.members // 2
    with tempfile.TemporaryDirectory() as folder, Ledger(Path(folder) / "deliveries.sqlite3") as ledger:
        there = [("shop", "s", f"P{one:08}", f"P{one:08}", "in", None, now()) for one in range(options.members)]
        with ledger.together():
            ledger.run_for("insert into members values (?, ?, ?, ?, ?, ?, ?)", there)
        del there
        connection = duckdb.connect(config={"threads": "2"})
        connection.execute("set enable_progress_bar = false")
        reader = MEMBERS.format(first=half, last=half + options.members)
        next(iter(connection.execute(reader).to_arrow_reader(10_000)))  # what is loaded once is not the plan's
        before, seconds = mebibytes(), []
        for _ in range(5):
            began = time.perf_counter()
            plan = planned(ledger, "shop", "s", connection.execute(reader).to_arrow_reader(10_000))
            changes = sum(
                len(some)
                for is_added in (False, True)
                for some in batches(ledger, is_added=is_added, size=BATCH, limit=None)
            )
            seconds.append(time.perf_counter() - began)
            assert (changes, plan.adds, plan.removes) == (2 * half, half, half)
        found = {
            **taken(),
            "members": options.members,
            "changes": changes,
            "seconds, median of 5": round(median(seconds), 2),
            "MiB that the plan takes": round(mebibytes() - before, 1),
        }
    print(json.dumps(found, indent=1))
    (HERE / "deliveries.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
