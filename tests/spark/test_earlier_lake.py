"""Files of the lake that an earlier version wrote stay as they are, and Spark reads them, too."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb

from flows import jobs
from flows.engines import cluster, spark
from flows.ground.home import Home
from flows.lake import Lake
from flows.settings import load
from flows.settings.requests import CompactRequest

QUANTITIES = ("3::bigint", f"{2**63 - 1}::bigint", "1.5::decimal(18, 4)")


def test_whole_pieces_of_an_earlier_version_are_read_beside_parts_of_pieces(home: Home, on_spark: str) -> None:
    """Spark refuses to read 64 bits as a decimal(18,4); the build failed at the first old file."""
    lake = Lake(home.lake)
    with duckdb.connect() as connection:
        for number, quantity in enumerate(QUANTITIES):
            writer = lake.begin("files")
            rows = f"select 'l{number}' as order_line_id, {quantity} as quantity, 1 as _position"
            writer.write(connection, "order_lines", 0, f"{rows}, null::text as _refused, null::text as _payload")
            writer.commit((), {})
    session = cluster.session(home, load(Path(on_spark)).spark)

    def read() -> list[Decimal]:
        rows = spark._rows(session, lake, "order_lines", lake.files()).orderBy("order_line_id")
        assert dict(rows.dtypes)["quantity"] == "decimal(18,4)"
        return [row.quantity for row in rows.collect()]

    found = [Decimal(3), Decimal("99999999999999.9999"), Decimal("1.5")]
    assert read() == found
    jobs.compact(CompactRequest(home=str(home.root)))
    assert len(lake.files()) == 1
    assert read() == found
