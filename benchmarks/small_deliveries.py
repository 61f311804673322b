"""A year of five-minute deliveries: how fast the lake reads before a compaction, after it, and as one big load.

    python benchmarks/small_deliveries.py [--loads 105120] [--dir .bench/small]

Every load has two conversations, twenty messages and five interactions, in a file each. What is timed is what every
full build does first: reading the manifests, and every column of every row. Writes small_deliveries.json.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
from taken import taken

import contract
from contract.types import TYPES
from flows.engines.duckdb import rows_view
from flows.ground.home import Home
from flows.ground.progress import Silent
from flows.lake import Input, Lake, LakeFile, Load
from flows.lake.compaction import Compacted, compact

HERE = Path(__file__).parent
ROWS = {"conversations": 2, "messages": 20, "interactions": 5}
AT_ONCE = 2_000  # loads whose files are written by one statement
MANIFESTS_AT = datetime(2025, 6, 1, tzinfo=UTC)
VALUES = {
    "account_id": "'shop'",
    "conversation_id": "'c' || load || '-' || n // 10",
    "message_id": "'m' || load || '-' || n",
    "interaction_id": "'i' || load || '-' || n",
    "channel": "'web_chat'",
    "sender": "if(n % 2 = 0, 'visitor', 'agent')",
    "text": "'Where is my order ' || load || '? ' || md5(load || '/' || n)",
    "type": "'product_card_click'",
    "product_id": "'p' || load % 500",
    "created_at": "came_at",
    "sent_at": "came_at",
    "occurred_at": "came_at",
}


def rows(table: str, first: int, last: int) -> str:
    """SQL of the rows of the loads `first` to `last`, as the lake has them."""
    columns = ", ".join(
        f"({VALUES.get(column.name, 'NULL')})::{TYPES[column.type].duckdb} AS {column.name}"
        for column in contract.landing()[table].columns
    )
    return f"""SELECT {columns}, NULL::TIMESTAMPTZ AS updated_at,
        'bench' AS _source, load AS _load, 0::BIGINT AS _file, n + 1 AS _position, came_at AS _loaded_at,
        NULL::VARCHAR AS _refused, NULL::VARCHAR AS _payload
        FROM (SELECT load, n, TIMESTAMPTZ '2025-06-01' + to_minutes(5 * load) + to_seconds(n) AS came_at
            FROM range({first}, {last + 1}) AS a (load), range({ROWS[table]}) AS b (n) ORDER BY load, n)"""


def write_loads(home: Home, loads: int) -> None:
    """One load after the other, each with its own files and manifest."""
    lake = Lake(home.lake)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table in ROWS:
            folder, scratch = home.lake / "data" / table, home.lake / "scratch"
            folder.mkdir(parents=True)
            for first in range(1, loads + 1, AT_ONCE):
                last = min(first + AT_ONCE - 1, loads)
                connection.execute(
                    f"COPY (SELECT *, _load AS part FROM ({rows(table, first, last)})) TO '{scratch}' "
                    "(FORMAT parquet, COMPRESSION zstd, PARTITION_BY (part))"
                )
                for number in range(first, last + 1):
                    [file] = (scratch / f"part={number}").iterdir()
                    file.rename(folder / f"{number:010}-0000.parquet")
                shutil.rmtree(scratch)
    for number in range(1, loads + 1):
        files = tuple(
            LakeFile(table, f"data/{table}/{number:010}-0000.parquet", count, 0) for table, count in ROWS.items()
        )
        at = MANIFESTS_AT + timedelta(minutes=5 * number)
        lake.manifests.add(Load(number, "bench", at, files, (Input(f"{number}.csv", "digest"),), {}, number - 1))


def write_one(home: Home, loads: int) -> None:
    """The same rows as one load."""
    files = []
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table, count in ROWS.items():
            path = f"data/{table}/0000000001-0000.parquet"
            (home.lake / path).parent.mkdir(parents=True)
            select = f"SELECT * REPLACE (1::BIGINT AS _load) FROM ({rows(table, 1, loads)})"
            connection.execute(f"COPY ({select}) TO '{home.lake / path}' (FORMAT parquet, COMPRESSION zstd)")
            files.append(LakeFile(table, path, count * loads, 0))
    Lake(home.lake).manifests.add(Load(1, "bench", MANIFESTS_AT, tuple(files), (), {}, 0))


def read(home: Home) -> dict[str, float]:
    """Seconds to read the manifests, and every value of every table."""
    lake = Lake(home.lake)
    began = time.perf_counter()
    files = lake.files()
    manifests = time.perf_counter() - began
    began = time.perf_counter()
    with duckdb.connect(config={"memory_limit": "4GB"}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("CREATE SCHEMA lake")
        found = 0
        for table in ROWS:
            connection.execute(rows_view(lake, table, files, after=0, up_to=lake.newest()))
            names = ", ".join(f"max({column.name})" for column in contract.landing()[table].columns)
            found += connection.execute(f"SELECT count(*), {names} FROM lake.{table}").fetchall()[0][0]
    assert found == sum(file.rows for file in files)
    return {"manifests": round(manifests, 2), "rows": round(time.perf_counter() - began, 2)}


def median_of(times: int, measure: Callable[[], dict[str, float]]) -> dict[str, float]:
    figures = [measure() for _ in range(times)]
    return {name: statistics.median(one[name] for one in figures) for name in figures[0]}


def compacted(home: Home) -> Compacted:
    with home.compacting():
        return compact(Lake(home.lake), home.lock, "4GB", Silent())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loads", type=int, default=365 * 24 * 12)
    parser.add_argument("--dir", type=Path, default=Path(".bench/small"))
    options = parser.parse_args()
    os.fsync = lambda _: None  # what is made for a benchmark need not survive a power cut
    small, large = Home(options.dir / "small"), Home(options.dir / "large")
    for home in (small, large):
        shutil.rmtree(home.root, ignore_errors=True)
    write_loads(small, options.loads)
    write_one(large, options.loads)
    print(f"{options.loads:,} loads written", flush=True)
    before = read(small)
    print("before", before, flush=True)
    began = time.perf_counter()
    done = compacted(small)
    seconds = round(time.perf_counter() - began, 1)
    print(f"compacted in {seconds} s: {done}", flush=True)
    after, one = median_of(5, lambda: read(small)), median_of(5, lambda: read(large))
    ratio = sum(after.values()) / sum(one.values())
    print(f"after {after}, as one load {one}: ratio {ratio:.2f}")
    document = {
        "taken": taken(),
        "loads": options.loads,
        "rows": done.rows_written,
        "seconds before": before,
        "compaction": {"seconds": seconds, "files_deleted": done.files_deleted},
        "seconds after, median of 5": after,
        "seconds as one load, median of 5": one,
        "after against one load": round(ratio, 2),
    }
    (HERE / "small_deliveries.json").write_text(json.dumps(document, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
