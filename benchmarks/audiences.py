"""How long it takes to find who is in 50 segments, among a million shoppers with 20 million events.

    python benchmarks/audiences.py [--shoppers 1000000] [--dir .bench/audiences]

Writes tables as a build publishes them into DuckDB files (0.5 GB, deleted at the end), always the same rows: 20 events
for each shopper in two years, half of the conversations with nobody known. Then runs what the models
int_segment_matches and int_next_segment_change run, with the shipped segments and variations of them: of everybody, and
after a delivery of 1,000 conversations, an hour later. `--each` first says how long each segment takes alone. Writes
audiences.json.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from taken import taken

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import duckdb  # noqa: E402
from jinja2 import Environment  # noqa: E402

from flows.audiences.definition import Segment  # noqa: E402
from flows.audiences.laying import moved_between, queries  # noqa: E402
from flows.audiences.reading import Found, segments  # noqa: E402

PROJECT = HERE.parent / "dbt_project"
DELIVERED = 1000
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


def timed(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[float, float]:
    """Seconds of the clock and of the processor."""
    began, cpu = time.perf_counter(), time.process_time()
    connection.execute(sql)
    return round(time.perf_counter() - began, 1), round(time.process_time() - cpu, 1)


def matches(laid: dict[str, str], *, is_narrow: bool) -> str:
    """The SQL of the model int_segment_matches, where all of these queries are asked of everybody, or of a few."""

    def asked(name: str) -> str:
        if (name == "matches_of_changed") != is_narrow:
            return "select null as account_id, null as segment, null as shopper where false"
        return " union all ".join(
            f"select account_id, '{key}' as segment, shopper from ({query}) as matches" for key, query in laid.items()
        )

    def ref(name: str) -> str:
        return f"{'intermediate' if re.match('int_|changed_', name) else 'candidate.metrics'}.{name}"

    macros = Environment().from_string((PROJECT / "macros/audiences.sql").read_text("utf-8")).module
    known = {
        "config": lambda **_: "",
        "target": {"type": "duckdb"},
        "ref": ref,
        "source": lambda schema, name: f"{schema}.{name}",
        "is_incremental": lambda: is_narrow,
        "laid_query": asked,
        "rows_of_shoppers": macros.rows_of_shoppers,  # type: ignore[attr-defined]
    }
    model = PROJECT / "models/intermediate/audiences/int_segment_matches.sql"
    return Environment().from_string(model.read_text("utf-8")).render(known)


def measured(connection: duckdb.DuckDBPyConnection, each: bool) -> dict[str, Any]:
    """Seconds of both models, and how many were found."""
    fifty_of_them = fifty()
    laid = {one.key: queries(one, "duckdb", AS_OF) for one in fifty_of_them}
    if each:
        for key, one in laid.items():
            seconds, _ = timed(connection, f"create or replace temp table one as {one.whole}")
            print(f"{key:40} {seconds:6.1f} s", flush=True)
    connection.execute("create schema lake")
    connection.execute("create table lake.segments (segment varchar, account_id varchar)")
    connection.executemany("insert into lake.segments values (?, null)", [[key] for key in laid])
    connection.execute("create table intermediate.int_accounts as select 'shop' as account_id")
    whole = matches({key: one.whole for key, one in laid.items()}, is_narrow=False)
    found = timed(connection, f"create table intermediate.matches as {whole}")
    ahead = " union all ".join(one.ahead for one in laid.values() if one.ahead)
    following = timed(connection, f"create table intermediate.ahead as select min(instant) from ({ahead})")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    counted = connection.execute("select count(*), count(distinct segment) from intermediate.matches").fetchall()[0]

    moved = moved_between(fifty_of_them, "duckdb", AS_OF - timedelta(hours=1), AS_OF)
    delivered = f"""select account_id, coalesce('p/' || profile_id, 'c/' || conversation_id) as shopper
        from (select * from candidate.metrics.conversations order by hash(conversation_id) limit {DELIVERED})"""
    looking = timed(connection, f"create table intermediate.changed_shoppers as {' union '.join([delivered, *moved])}")
    narrow = matches({key: one.narrow for key, one in laid.items()}, is_narrow=True)
    of_few = timed(connection, f"create table intermediate.few as {narrow}")
    few = "semi join intermediate.changed_shoppers using (account_id, shopper)"
    for one, other in ((f"matches {few}", "few"), ("few", f"matches {few}")):
        differing = connection.execute(f"from intermediate.{one} except from intermediate.{other}").fetchall()
        assert not differing, differing[:3]
    shoppers = connection.execute("select count(*) from intermediate.changed_shoppers").fetchall()[0][0]
    return {
        "segments": len(laid),
        "members": counted[0],
        "segments with members": counted[1],
        "peak GiB": round(peak, 2),
        "seconds of the clock and of the processor": {
            "to find members": found,
            "to find the next change": following,
            f"after a delivery of {DELIVERED} conversations, an hour later": {
                "to find whom time moved": looking,
                "to find members": of_few,
            },
        },
        "shoppers judged anew": shoppers,
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
