"""What tests of the warehouse in Postgres share: candidates of many rows, and what a reader of Postgres sees."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

import contract
from flows.ground.address import Address
from flows.ground.home import Home
from flows.warehouses import Warehouse
from flows.warehouses.postgres import Postgres
from tests.warehouses.candidates import Done, Rows, opened, publish, write_candidate

NOON = datetime(2026, 6, 7, 12, tzinfo=UTC)
VALUES: dict[str, Callable[[str, int], Any]] = {
    "string": lambda mark, number: mark,
    "json": lambda mark, number: json.dumps({"mark": mark, "escaped": "\\u0000"}),
    "integer": lambda mark, number: number,
    "decimal": lambda mark, number: f"{number}.0001",
    "double": lambda mark, number: str(number / 3),
    "boolean": lambda mark, number: "true",
    "timestamp": lambda mark, number: NOON + timedelta(microseconds=number),
    "date": lambda mark, number: date(2026, 1, 1) + timedelta(days=number),
    "list<string>": lambda mark, number: None,
}


def rows(mark: str, count: int, first: int = 0) -> dict[str, list[dict[str, Any]]]:
    """`count` rows in every table but `publications`, with keys of their own and `mark` in every other text."""
    found = {}
    for table in contract.metrics().values():
        texts = [column.name for column in table.columns if column.type == "string" and column.name in table.key]
        found[table.name] = [
            {
                **{column.name: VALUES[column.type](mark, number) for column in table.columns},
                **dict.fromkeys(texts, f"it's {number:05}"),
                "account_id" if "account_id" in texts else texts[0]: f"account {number % 2} {number:05}",
            }
            for number in range(first, first + count)
        ]
    del found["publications"]
    return found


def publish_to(home: Home, build_id: str, content: Rows, *warehouses: Warehouse, **build: Any) -> Done:
    write_candidate(home, build_id, content, **build)
    return publish(home, keep=2, warehouses=warehouses)


def seen(address: Address) -> tuple[str, int]:
    """The mark of what a new reader sees, and how many rows each table has; fails unless it is one publication."""
    with psycopg.connect(address.reveal()) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        return one_publication(connection)


def one_publication(connection: psycopg.Connection[Any]) -> tuple[str, int]:
    """The same, in the transaction that is open."""
    ((newest, counts),) = connection.execute(
        "select publication_id, row_counts from metrics.publications order by 1 desc limit 1"
    ).fetchall()
    expected = json.loads(counts)
    marks: set[str] = set()
    for table in contract.metrics().values():
        ((count,),) = connection.execute(f'select count(*) from metrics."{table.name}"').fetchall()
        assert count == expected[table.name], table.name
        marked = next((c.name for c in table.columns if c.type == "string" and c.name not in table.key), None)
        if marked and table.name != "publications":
            found = connection.execute(f'select distinct "{marked}" from metrics."{table.name}"').fetchall()
            marks |= {mark for (mark,) in found}
    ((publication_id, build),) = connection.execute("select publication_id, build from provenance.build").fetchall()
    assert publication_id == newest
    assert len(marks) <= 1, marks
    return json.loads(build)["build_id"], expected["conversations"]


def contents(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, sorted, as a reader of the warehouse gets them."""
    with warehouse.read() as reader:
        return {
            of: reader.rows(
                f"select {', '.join(columns(table))} from metrics.{of} order by {', '.join(map(quoted, table.key))}"
            )
            for of, table in contract.metrics().items()
        }


def columns(table: contract.Table) -> list[str]:
    """Instants as text: to the microsecond, whatever a driver makes of them."""
    return [
        f"cast({quoted(one.name)} as varchar)" if one.type == "timestamp" else quoted(one.name) for one in table.columns
    ]


def quoted(name: str) -> str:
    return f'"{name}"'


def left_behind(address: Address) -> list[Any]:
    """Whatever is in the database and is not a published table, no part of one and nothing of the server."""
    with psycopg.connect(address.reveal()) as connection:
        return connection.execute(
            """select nspname, relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace
            where nspname !~ '^pg_(catalog|toast)$' and nspname <> 'information_schema' and relkind in ('r', 'S', 'v')
            and (nspname, relname) not in (('provenance', 'build'), ('provenance', 'readers'))
            and not (nspname in ('metrics', 'metrics_limited') and relname = any(%s))""",
            [list(contract.metrics())],
        ).fetchall()


def marks(file_home: Home) -> str:
    """The mark of what the DuckDB file shows."""
    with opened(file_home.published_file) as connection:
        ((mark,),) = connection.execute("select distinct channel from file.metrics.conversations").fetchall()
    return str(mark)


def postgres(home: Home, address: Address) -> Postgres:
    return Postgres(home, address)
