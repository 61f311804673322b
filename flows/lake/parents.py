"""Keys to which one load gives several parents (rule 2.3): one row of each counts (2.1), perhaps the wrong one."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import duckdb

import contract
from flows.ground.sql import identifier, literal

PARENTS = {
    "messages": "conversation_id",
    "handoff_events": "conversation_id",
    "interactions": "conversation_id",
    "order_lines": "order_id",
}
EXAMPLES = 3
_SHOWN = 60  # characters of an id


def several_parents(connection: duckdb.DuckDBPyConnection, table: str, files: Collection[Path]) -> list[str]:
    """One sentence that names keys of `table` to which `files`, all rows of one load, give several parents; or none."""
    if table not in PARENTS or not files:
        return []
    name = contract.landing()[table].key[-1]
    key, parent = identifier(name), identifier(PARENTS[table])
    paths = ", ".join(literal(str(path)) for path in files)
    rows = f"(FROM read_parquet([{paths}], hive_partitioning=false) WHERE _refused IS NULL)"
    # Hashes first: they take a tenth of the memory of the ids, and nearly always there is nothing to name.
    ((keys, suspects),) = connection.execute(
        f"SELECT count(*), min(hashed, {EXAMPLES}) FROM (SELECT hash(account_id, {key}) AS hashed FROM {rows} "
        f"GROUP BY hashed HAVING min(hash({parent})) <> max(hash({parent})))"
    ).fetchall()
    if not keys:
        return []
    found = connection.execute(
        f"SELECT account_id, left({key}, {_SHOWN}), left(min({parent}), {_SHOWN}), left(max({parent}), {_SHOWN}) "
        f"FROM {rows} WHERE hash(account_id, {key}) IN ({', '.join(map(str, suspects))}) "
        f"GROUP BY account_id, {key} HAVING min({parent}) <> max({parent}) ORDER BY ALL"
    ).fetchall()
    named = ", ".join(f"{one} of account {account} ({first} and {last})" for account, one, first, last in found)
    more = f", and {keys - len(found):,} more" if keys > len(found) else ""
    what = f"{name}s with several {PARENTS[table]}s in one delivery, of which only the newest row counts"
    return [f"{table}: {what}: {named}{more}"] if found else []
