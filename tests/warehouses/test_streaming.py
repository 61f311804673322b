"""`Reader.batches`: the same rows from both warehouses, a batch at a time, of one instant."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from datetime import date
from decimal import Decimal
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from flows.ground.address import Address
from flows.ground.errors import AgentMetricsError, StorageFailed, WarehouseFailed
from flows.ground.home import Home
from flows.warehouses import Warehouse
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.postgres import Postgres
from tests.warehouses.on_postgres import NOON, publish_to, rows


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse(request: pytest.FixtureRequest, home: Home) -> Warehouse:
    if request.param == "duckdb":
        return DuckDBFile(home)
    return Postgres(home, request.getfixturevalue("address"))


def test_instants_amounts_and_dates_come_exactly(home: Home, warehouse: Warehouse) -> None:
    publish_to(home, "shop", rows("it's ünïcode 🙂", 3), warehouse)
    columns = "order_line_id, channel, touched_at, placed_on, quantity, revenue, sum(revenue) over () as total"
    with warehouse.read() as reader:
        (batch,) = reader.batches(f"select {columns} from metrics.attributed_order_lines order by order_line_id")
        (lists,) = reader.batches("select recommended_product_ids from metrics.messages limit 1")
        (doubles,) = reader.batches("select is_gap, coverage_score from metrics.knowledge_gap_topics order by topic_id")
    assert batch.to_pylist()[2] == {
        "order_line_id": "it's 00002",
        "channel": "it's ünïcode 🙂",
        "touched_at": NOON.replace(microsecond=2),
        "placed_on": date(2026, 1, 3),
        "quantity": Decimal("2.0001"),
        "revenue": Decimal("2.0001"),
        "total": Decimal("3.0003"),
    }
    assert batch.schema.field("touched_at").type == pa.timestamp("us", "UTC")
    assert pa.types.is_decimal(batch.schema.field("revenue").type)
    assert batch.schema.field("total").type == pa.decimal128(38, 4)
    assert pa.types.is_list(lists.schema.field(0).type)
    assert lists.to_pylist() == [{"recommended_product_ids": None}]
    assert doubles.to_pylist()[1] == {"is_gap": True, "coverage_score": 1 / 3}


def test_rows_come_in_order_and_other_queries_may_be_asked_meanwhile(home: Home, warehouse: Warehouse) -> None:
    publish_to(home, "shop", rows("shop", 2), warehouse)
    many = """select row_number() over () as number from metrics.messages as a, generate_series(1, 2000000) as b(number)
        order by number desc"""
    seen: list[tuple[int, int]] = []
    with warehouse.read() as reader:
        for batch in reader.batches(many):
            seen.append((batch.column(0)[0].as_py(), batch.column(0)[-1].as_py()))
            assert batch.nbytes < 40_000_000
            assert reader.rows("select count(*) from metrics.messages") == [(2,)]
    assert len(seen) > 1
    assert [one[0] for one in seen] == [4_000_000, *(one[1] - 1 for one in seen[:-1])]
    assert seen[-1][1] == 1


def test_a_publication_meanwhile_is_not_seen(home: Home, warehouse: Warehouse) -> None:
    publish_to(home, "old", rows("old", 3), warehouse)
    query = "select channel, count(*) as found from metrics.conversations group by channel"
    with warehouse.read() as reader:
        assert reader.rows("select count(*) from metrics.conversations") == [(3,)]
        publish_to(home, "new", rows("new", 5), warehouse)
        assert [batch.to_pylist() for batch in reader.batches(query)] == [[{"channel": "old", "found": 3}]]
    with warehouse.read() as reader:
        assert [batch.to_pylist() for batch in reader.batches(query)] == [[{"channel": "new", "found": 5}]]


def test_who_stops_early_leaves_nothing_open(home: Home, warehouse: Warehouse) -> None:
    publish_to(home, "shop", rows("shop", 2), warehouse)
    with warehouse.read() as reader:
        stream = reader.batches("select number from generate_series(1, 1000000) as b(number)")
        assert next(iter(stream)).num_rows > 0
        assert isinstance(stream, Generator)
        stream.close()
        assert reader.rows("select count(*) from metrics.messages") == [(2,)]
        if isinstance(warehouse, Postgres):
            with psycopg.connect(warehouse.address.reveal()) as connection:
                open_now = "select count(*) from pg_stat_activity where application_name = 'agent-metrics'"
                assert connection.execute(open_now).fetchall() == [(1,)]  # the reader itself


@pytest.mark.parametrize("query", ["select nothing from metrics.messages", "select 1 / (b - 9e5) from {many}"])
def test_what_goes_wrong_is_an_error_of_ours(home: Home, warehouse: Warehouse, query: str) -> None:
    publish_to(home, "shop", rows("shop", 2), warehouse)
    if isinstance(warehouse, DuckDBFile):  # which divides by zero without a word
        query = query.replace("1 / (b - 9e5)", "case when b = 900000 then error('no') end")
    expected: type[AgentMetricsError] = WarehouseFailed if isinstance(warehouse, Postgres) else StorageFailed
    with warehouse.read() as reader, pytest.raises(expected):
        list(reader.batches(query.format(many="generate_series(1, 1000000) as t(b)")))


def test_a_server_that_ends_idle_transactions_does_not_end_a_stream(home: Home, address: Address) -> None:
    warehouse = Postgres(home, address)
    publish_to(home, "shop", rows("shop", 2), warehouse)
    with psycopg.connect(address.reveal(), autocommit=True) as connection:
        connection.execute("alter system set idle_in_transaction_session_timeout = '200ms'")
        connection.execute("select pg_reload_conf()")
    try:
        with warehouse.read() as reader:
            list(reader.batches("select pg_sleep(1)::text as slept"))
            (batch,) = reader.batches("select count(*) as found from metrics.messages")
            assert batch.to_pylist() == [{"found": 2}]
    finally:
        with psycopg.connect(address.reveal(), autocommit=True) as connection:
            connection.execute("alter system reset idle_in_transaction_session_timeout")
            connection.execute("select pg_reload_conf()")


def test_what_does_not_fit_into_memory_goes_to_a_folder_that_goes_too(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.warehouses.duckdb.MEMORY_OF_A_STREAM", "200MB")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "spilled"))
    (tmp_path / "spilled").mkdir()
    publish_to(home, "shop", rows("shop", 2), DuckDBFile(home))
    sorted_by_hash = """select md5(number::varchar) as hash, repeat('x', 100) as text
        from generate_series(1, 2500000) as t(number) order by hash"""
    with DuckDBFile(home).read() as reader:
        for _ in range(2):  # DuckDB takes no other folder for the second one
            stream = reader.batches(sorted_by_hash)
            found = next(stream).num_rows
            (folder,) = (tmp_path / "spilled").iterdir()
            assert folder.stat().st_mode & 0o077 == 0
            assert sum(file.stat().st_size for file in folder.iterdir()) > 1 << 20
            assert found + sum(batch.num_rows for batch in stream) == 2_500_000
    assert not list((tmp_path / "spilled").iterdir())


MEMORY = """
import resource, sys
from pathlib import Path
from flows.ground.address import Address
from flows.ground.home import Home
from flows.warehouses import named
home, address, rows = Home(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
with named(home, [Address.of(address)])[0].read() as reader:
    query = f"select number, repeat('x', 1000) as text from generate_series(1, {rows}) as t(number)"
    total = sum(batch.num_rows for batch in reader.batches(query))
assert total == rows
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_rows(home: Home, warehouse: Warehouse, tmp_path: Path) -> None:
    publish_to(home, "shop", rows("shop", 2), warehouse)
    place = warehouse.address.reveal() if isinstance(warehouse, Postgres) else "duckdb"

    def peak(count: int) -> int:
        command = [sys.executable, "-c", MEMORY, str(home.root), place, str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
        return int(done.stdout) // 1024

    few, many = peak(150_000), peak(1_000_000)  # the latter are 1 GB of text
    assert many < few + 200, (few, many)
