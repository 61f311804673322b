"""What an engine lays for the models is not in a file of dbt's: a change of it rebuilds where its version is raised.

`laid.json` has what the engine DuckDB makes of two loads, and of which version. `python -m tests.engines.test_laid`
writes it anew; it refuses where that moved and no version was raised. That Spark lays the same is for the tests of
parity to see.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest

from contract.types import TYPES
from flows import engines
from flows.engines import duckdb as engine
from flows.engines import fingerprint
from flows.engines.candidate import Plan
from flows.ground.home import Home
from flows.lake import Lake
from flows.settings import AccountSettings, Settings

FILE = Path(__file__).with_name("laid.json")
REMEDY = "raise VERSION in flows/engines/fingerprint.py, then python -m tests.engines.test_laid"
AS_OF, ASKED = "2026-06-07T12:00:00+00:00", "timestamptz '2026-06-01 12:00:00+00'"
KEYS = "'a' as account_id, '1' as conversation_id"
END = "1 as _position, null::text as _refused, null::text as _payload"
LOADS = (  # an older file has not all columns; the last load came after the build was planned
    {"conversations": f"select {KEYS}, 'email' as channel, {END}"},
    {
        "messages": f"""select {KEYS}, '2' as message_id, 'visitor' as sender, 'Where is it?' as text,
            ['p'] as recommended_product_ids, {ASKED} as sent_at, {ASKED} as updated_at, {END}
            union all select {KEYS}, '3', 'agent', 'Soon.', null, null, null, 2, 'no sent_at', '{{}}'""",
        "order_lines": f"select 'a' as account_id, 2 as quantity, 12.5::decimal(18, 4) as discount, {END}",
    },
    {"messages": f"select {KEYS}, {END}"},
)
Laid = dict[str, list[dict[str, str]]]  # rows by table; of each column its type and its value


def laid(name: str = "") -> Laid:
    """What a full build of the first two loads finds, in a home of this name."""
    account = AccountSettings(account_id="a", name="Shop", timezone="Europe/Berlin", currency="EUR")
    with TemporaryDirectory() as folder:
        home = Home(Path(folder) / name)
        lake = Lake(home.lake)
        home.candidate.mkdir(parents=True)
        with duckdb.connect() as connection:
            for load in LOADS:
                writer = lake.begin("files")
                writer.loaded_at = datetime(2026, 6, 2, tzinfo=UTC)
                for ordinal, (table, rows) in enumerate(load.items()):
                    writer.write(connection, table, ordinal, rows)
                writer.commit((), {})
        topics = engines.Topics("", False, lambda connection: 0, lambda version, relation: {})
        audiences = engines.Audiences("", lambda engine, as_of: ())
        todo = Plan("duckdb", datetime.fromisoformat(AS_OF), 2, "", "", "", topics, audiences, None)
        engine._prepare(home, lake, Settings(accounts=(account,), memory_limit="1GB"), todo)
        with duckdb.connect(home.work_file) as connection:
            connection.execute("set TimeZone = 'UTC'")
            engine.lay_asked(connection, "(select *, _position as position from lake.messages)", None)
            tables = [f"lake.{table}" for (table,) in connection.execute("show tables from lake").fetchall()]
            return {table: _rows(connection, table) for table in [*tables, "all_asked", "changed_asked"]}


def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> list[dict[str, str]]:
    found = connection.execute(f"select * from {table} order by all")
    columns = [(name, str(kind)) for name, kind, *_ in found.description]
    return [
        {name: f"{kind}: {value}" for (name, kind), value in zip(columns, row, strict=True)} for row in found.fetchall()
    ]


def moved(known: Laid, now: Laid) -> list[str]:
    """The tables that are not as known; columns and tables that the contract has got since are none of it."""
    return [
        table
        for table, rows in known.items()
        if rows != [{name: row.get(name) for name in rows[0]} for row in now.get(table, [])]
    ]


def test_what_is_laid_moves_with_a_version_alone() -> None:
    known = json.loads(FILE.read_text("utf-8"))
    assert not moved(known["laid"], laid()), REMEDY
    assert known["version"] == fingerprint.VERSION, REMEDY


def test_the_name_of_a_folder_is_no_column() -> None:
    """A home in a folder such as `account_id=7`: DuckDB takes it for a partition, and the rows' own value is lost."""
    assert not moved(json.loads(FILE.read_text("utf-8"))["laid"], laid("account_id=7"))


def test_a_changed_type_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TYPES, "timestamp", replace(TYPES["timestamp"], duckdb="VARCHAR"))
    assert "lake.messages" in moved(json.loads(FILE.read_text("utf-8"))["laid"], laid())


if __name__ == "__main__":
    tables = laid()
    known = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    if known.get("version") == fingerprint.VERSION and (others := moved(known["laid"], tables)):
        sys.exit(f"{' and '.join(others)} moved: raise VERSION in flows/engines/fingerprint.py first")
    filled = {table: rows for table, rows in tables.items() if rows}
    FILE.write_text(json.dumps({"version": fingerprint.VERSION, "laid": filled}, indent=1) + "\n", "utf-8")
