"""Run bare.sql: the tables of a full build in a new DuckDB file, for comparison with what `agent-metrics build` takes.

    python benchmarks/yardsticks/bare.py --home HOME --as-of 2026-06-01T00:00:00Z --out FILE [--memory-limit 4GB]

Prints one JSON document: seconds of the whole run (without Python's own start), seconds of each statement, peak MiB.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import time
from pathlib import Path

import duckdb

import contract
from contract.types import TYPES
from flows.engines.duckdb import STORAGE
from flows.ground.sql import literal
from flows.lake import Lake, lake_columns


def delivered(home: Path) -> dict[str, list[str]]:
    """The files of every landing table that a manifest of the lake names."""
    lake = Lake(home / "lake")
    files: dict[str, list[str]] = {table: [] for table in contract.landing()}
    for file in lake.files():
        files[file.table].append(lake.path(file))
    return files


def read(files: list[str]) -> str:
    return f"read_parquet([{', '.join(map(literal, files))}], union_by_name = true)"


def prepare(connection: duckdb.DuckDBPyConnection, home: Path, as_of: str, out: Path) -> None:
    """What bare.sql takes for given; typed nothing stands for a table or column that was never delivered."""
    connection.execute(f"set TimeZone = 'UTC'; attach {literal(str(out))} as out (storage_version {literal(STORAGE)})")
    connection.execute("attach ':memory:' as lake; use out; create schema metrics")
    files = delivered(home)
    for table, paths in files.items():
        columns = {column.name: TYPES[column.type].duckdb for column in lake_columns(contract.landing()[table])}
        nothing = ", ".join(f"null::{type_} as {name}" for name, type_ in columns.items())
        rows = f"union all by name from {read(paths)}" if paths else ""
        connection.execute(f"create view lake.{table} as select {nothing} where false {rows}")
    everything = ", ".join(literal(path) for paths in files.values() for path in paths)
    connection.execute(f"set variable as_of = {literal(as_of)}::timestamptz; set variable files = [{everything}]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--as-of", required=True, help="ISO instant with an offset")
    parser.add_argument("--out", type=Path, required=True, help="file to write; replaced if it exists")
    parser.add_argument("--memory-limit", default="4GB", help="as in the settings (default 4GB)")
    options = parser.parse_args()
    options.out.unlink(missing_ok=True)
    began, steps = time.perf_counter(), {}
    with duckdb.connect(config={"memory_limit": options.memory_limit}) as connection:
        prepare(connection, options.home, options.as_of, options.out)
        for statement in connection.extract_statements(Path(__file__).with_name("bare.sql").read_text("utf-8")):
            before = time.perf_counter()
            connection.execute(statement)
            if table := re.search(r"create (?:temp )?table (\S+)", statement.query):
                steps[table[1]] = round(time.perf_counter() - before, 2)
        before = time.perf_counter()
        connection.execute("checkpoint out")
        steps["checkpoint"] = round(time.perf_counter() - before, 2)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"seconds": round(time.perf_counter() - began, 2), "peak_mib": peak, "steps": steps}))


if __name__ == "__main__":
    main()
