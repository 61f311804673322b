"""What tests of the sources over HTTP share: pulling into a lake, and what stands there then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb

import contract
from flows.ground.progress import Silent
from flows.lake import Lake
from flows.sources.api import Client, pull
from flows.sources.pulled import PulledAccount

ACCOUNT = "it's a shop"


def pulled(name: str, client: Client, lake: Lake, minutes: float = 10) -> PulledAccount:
    return pull(name, client, lake, Silent(), minutes)


def current(lake: Lake, table: str) -> dict[Any, dict[str, Any]]:
    """The rows that count, by their key without the account (a single value where it is one); refused ones not."""
    files = [lake.path(file) for file in lake.files() if file.table == table and file.rows]
    if not files:
        return {}
    keys = contract.landing()[table].key
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        found = connection.execute(
            f"""select * exclude (_refused, _file, _loaded_at) from read_parquet($1, union_by_name = true)
            where _refused is null
            qualify row_number() over (partition by {", ".join(keys)}
                order by updated_at desc nulls last, _load desc, _file desc, _position desc) = 1
            order by {", ".join(keys)}""",
            [files],
        )
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    rest = [key for key in keys if key != "account_id"]
    return {row[rest[0]] if len(rest) == 1 else tuple(row[key] for key in rest): row for row in rows}


def payloads(lake: Lake, table: str) -> list[str]:
    """What is kept of the source's own records, refused ones too."""
    files = [lake.path(file) for file in lake.files() if file.table == table]
    if not files:
        return []
    with duckdb.connect() as connection:
        found = connection.execute("select _payload from read_parquet($1, union_by_name = true)", [files]).fetchall()
    return [payload for (payload,) in found]


def count(lake: Lake, table: str) -> int:
    """Rows of a table in the lake, every version of them."""
    return sum(file.rows for file in lake.files() if file.table == table)


def environment(**secrets: str) -> Mapping[str, str]:
    return secrets
