"""How long it takes to find who is in 50 segments, among a million shoppers with 20 million events.

    python benchmarks/audiences.py [--shoppers 1000000] [--dir .bench/audiences]

Writes tables as a build publishes them into DuckDB files (0.5 GB, deleted at the end), always the same rows: 20 events
for each shopper in two years, half of the conversations with nobody known. Then runs what the models
int_segment_matches and int_next_segment_change run, with the shipped segments and variations of them. `--each` first
says how long each segment takes alone. Writes audiences.json.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from taken import taken

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import duckdb  # noqa: E402

from flows.audiences.definition import Segment  # noqa: E402
from flows.audiences.laying import queries  # noqa: E402
from flows.audiences.reading import Found, segments  # noqa: E402

AS_OF = datetime(2026, 6, 7, 12, tzinfo=UTC)
MEMORY = "4GB"
DAYS = (7, 14, 30, 60)
ROWS = (HERE / "audiences.sql").read_text("utf-8")
MORE = {
    "large_orders": {"metric": "Placed Order", "measurement": "sum", "value": 1500},
    "many_orders": {"metric": "Placed Order", "measurement": "count", "value": 5},
    "many_lines": {"metric": "Ordered Product", "measurement": "count", "value": 8},
    "carts": {"metric": "Added to Cart in conversation", "measurement": "sum", "value": 4},
    "tickets": {"metric": "Opened ticket", "measurement": "count", "value": 2},
}


def fifty() -> list[Found]:
    """The shipped segments as they are and with other times, and some of sums and counts over all time."""
    shipped, _ = segments(HERE / "no folder", shipped=True)
    found = list(shipped)
    for one in shipped:
        for days in DAYS:
            document = json.dumps(one.segment.model_dump(mode="json"))
            document = re.sub(r'"unit": "\w+", "quantity": \d+', f'"unit": "day", "quantity": {days}', document)
            found.append(Found(f"{one.key}_{days}", one.file, Segment.model_validate_json(document)))
    for key, more in MORE.items():
        least = {"type": "numeric", "operator": "greater-than-or-equal", "value": more["value"]}
        asked = {key: more[key] for key in ("metric", "measurement")}
        condition = {"type": "profile-metric", **asked, "measurement_filter": least}
        document = {"name": key, "description": key, "definition": {"condition_groups": [{"conditions": [condition]}]}}
        found.append(Found(key, HERE, Segment.model_validate(document)))
    assert len(found) == 50
    return found


def timed(connection: duckdb.DuckDBPyConnection, sql: str) -> float:
    began = time.perf_counter()
    connection.execute(sql)
    return round(time.perf_counter() - began, 1)


def measured(connection: duckdb.DuckDBPyConnection, each: bool) -> dict[str, Any]:
    """Seconds of both models, and how many were found."""
    laid = {one.key: queries(one, "duckdb", AS_OF) for one in fifty()}
    if each:
        for key, (query, _) in laid.items():
            print(f"{key:40} {timed(connection, f'create or replace temp table one as {query}'):6.1f} s", flush=True)
    matches = " union all ".join(
        f"select matches.account_id, '{key}' as segment, matches.shopper from ({query}) as matches"
        for key, (query, _) in laid.items()
    )
    cpu = time.process_time()
    found = timed(
        connection,
        f"""create table intermediate.matches as with matches as ({matches})
        select matches.* from matches inner join intermediate.int_shoppers using (account_id, shopper)""",
    )
    ahead = " union all ".join(query for _, query in laid.values() if query)
    following = timed(connection, f"create table intermediate.ahead as select min(instant) from ({ahead})")
    cpu = time.process_time() - cpu
    counted = connection.execute("select count(*), count(distinct segment) from intermediate.matches").fetchall()[0]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {
        "segments": len(laid),
        "seconds to find members": found,
        "seconds to find the next change": following,
        "processor seconds": round(cpu, 1),
        "peak GiB": round(peak, 2),
        "members": counted[0],
        "segments with members": counted[1],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shoppers", type=int, default=1_000_000)
    parser.add_argument("--dir", type=Path, default=Path(".bench/audiences"))
    parser.add_argument("--each", action="store_true")
    options = parser.parse_args()
    options.dir.mkdir(parents=True, exist_ok=True)
    try:
        config = {"memory_limit": MEMORY, "threads": "2", "temp_directory": str(options.dir / "spilled")}
        with duckdb.connect(options.dir / "work.duckdb", config=config) as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute("set enable_progress_bar = false")
            connection.execute(f"attach '{options.dir / 'metrics.duckdb'}' as candidate")
            for statement in ROWS.replace("{shoppers}", str(options.shoppers)).split(";\n"):
                connection.execute(statement)
            print(
                f"written: {sum(file.stat().st_size for file in options.dir.glob('*.duckdb')) / 1e9:.1f} GB", flush=True
            )
            found = measured(connection, options.each)
    finally:
        shutil.rmtree(options.dir)
    print(found)
    document = {"taken": taken(), "shoppers": options.shoppers, "events": options.shoppers * 20, **found}
    (HERE / "audiences.json").write_text(json.dumps(document, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
