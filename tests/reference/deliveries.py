"""How rows are delivered: in loads and files, late, twice and out of order; and written to a folder."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections import defaultdict
from collections.abc import Iterable
from itertools import zip_longest
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from contract import landing
from tests.reference.compare import as_text, said
from tests.reference.counted import File, Load
from tests.reference.landing import Refused, Row, columns, read

PARQUET_TYPES = {
    "string": pa.string(),
    "integer": pa.int64(),
    "decimal": pa.decimal128(18, 4),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "list<string>": pa.list_(pa.string()),
}
NAMES = ("part", "données", "a b", "o'clock", "[1]", "50%", "x{y}")


def random_deliveries(rng: random.Random, rows: list[tuple[str, Row]]) -> list[Load]:
    """The rows in up to four loads of several files each, in any order; about a tenth of them twice."""
    loads = rng.randint(1, 4)
    placed = [(rng.randrange(loads), table, row) for table, row in rows]
    placed += [(rng.randrange(loads), table, row) for table, row in rows if rng.random() < 0.1]
    rng.shuffle(placed)
    deliveries = []
    for number in range(loads):
        files: dict[tuple[str, int], list[Row]] = defaultdict(list)
        for load, table, row in placed:
            if load == number:
                files[table, rng.choice((0, 0, 1))].append(row)
        deliveries.append([(table, files[table, part]) for table, part in sorted(files)])
    return deliveries


def merged(deliveries: Iterable[list[Load]]) -> list[Load]:
    """The deliveries of several shops as one: first loads with first loads, n-th files of a table with n-th files."""
    together = []
    for loads in zip_longest(*deliveries, fillvalue=[]):
        files: dict[tuple[str, int], list[Row]] = defaultdict(list)
        for load in loads:
            parts: dict[str, int] = defaultdict(int)
            for table, rows in load:
                files[table, parts[table]] += rows
                parts[table] += 1
        together.append([(table, files[table, part]) for table, part in sorted(files)])
    return together


def write_load(folder: Path, load: Load, rng: random.Random) -> list[Path]:
    """Write the files of one load under `folder`, which should be fresh: JSONL, CSV or Parquet, some with gzip.

    Row order is kept, and the order of paths is the order of `load`. A file goes to CSV or Parquet only where its rows
    say there what they say as JSON; CSV has all columns, and lists as JSON text.
    """
    paths = []
    parts: dict[str, int] = defaultdict(int)
    for table, rows in load:
        first = parts[table] == 0
        name = f"{parts[table]:03} {rng.choice(NAMES)}"
        parts[table] += 1
        stem = folder / table if first and rng.random() < 0.5 else folder / table / name
        stem.parent.mkdir(parents=True, exist_ok=True)
        paths.append(write_file(stem, (table, rows), rng))
    return paths


def write_file(stem: Path, file: File, rng: random.Random) -> Path:
    table, rows = file
    kinds = ["jsonl", "jsonl.gz"]
    if all(says_the_same_as_text(table, row) for row in rows):
        kinds += ["csv", "csv.gz", "parquet"]
    kind = rng.choice(kinds)
    path = stem.with_name(f"{stem.name}.{kind}")
    if kind == "parquet":
        pq.write_table(parquet(table, rows, rng), path)
        return path
    text = jsonl(rows, rng) if kind.startswith("jsonl") else as_csv(table, rows, rng)
    content = text.encode()
    path.write_bytes(gzip.compress(content) if kind.endswith(".gz") else content)
    return path


def jsonl(rows: list[Row], rng: random.Random) -> str:
    return "".join(json.dumps(row, ensure_ascii=rng.random() < 0.5) + "\n" for row in rows)


def as_csv(table: str, rows: list[Row], rng: random.Random) -> str:
    names = column_names(table, rows)
    text = io.StringIO()
    line_end = rng.choice(("\n", "\r\n"))
    quoting: Literal[0, 1] = 1 if rng.random() < 0.5 else 0  # all fields or as few as possible
    writer = csv.DictWriter(text, names, lineterminator=line_end, quoting=quoting)
    writer.writeheader()
    writer.writerows(in_text(row) for row in rows)
    return text.getvalue()


def parquet(table: str, rows: list[Row], rng: random.Random) -> pa.Table:
    """Typed columns, or text where a row is refused or may be (an order for its currency): its payload is shown."""
    if table != "orders" and rng.random() < 0.7:
        try:
            typed = [read(table, row) for row in rows]
        except Refused:
            pass
        else:
            return pa.Table.from_pylist(
                typed, pa.schema([(column.name, PARQUET_TYPES[column.type]) for column in columns(table)])
            )
    names = column_names(table, rows)
    return pa.Table.from_pylist([in_text(row) for row in rows], pa.schema([(name, pa.string()) for name in names]))


def column_names(table: str, rows: list[Row]) -> list[str]:
    unknown = {name for row in rows for name in row} - {column.name for column in columns(table)}
    return [column.name for column in columns(table)] + sorted(unknown)


def in_text(row: Row) -> dict[str, str]:
    return {name: as_text(value) for name, value in row.items() if value is not None}


def says_the_same_as_text(table: str, row: Row) -> bool:
    text = in_text(row)
    return verdict(table, row) == verdict(table, text) and said(row) == said(text)


def verdict(table: str, row: Row) -> Row | None:
    try:
        return read(table, row)
    except Refused:
        return None


def order_independent(rows: list[tuple[str, Row]]) -> bool:
    """Whether the order of deliveries cannot matter (1.4): unequal rows of one key carry distinct `updated_at`."""
    versions: dict[str, dict[str, str]] = defaultdict(dict)
    for table, raw in rows:
        row = verdict(table, raw)
        if row is None:
            continue
        key = json.dumps([table, *(row[name] for name in landing()[table].key)], default=str)
        content = json.dumps(row, sort_keys=True, default=str)
        if versions[key].setdefault(str(row["updated_at"]), content) != content:
            return False
    return True
