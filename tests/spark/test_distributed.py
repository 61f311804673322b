"""Work and data stay on the cluster: the driver has less memory than the data, and may collect next to nothing."""

from __future__ import annotations

from pathlib import Path

import duckdb

from flows import jobs
from flows.ground.home import Home
from flows.settings.requests import RunRequest
from tests.spark.conftest import CONF

AS_OF = "2026-06-07T12:00:00Z"
CONVERSATIONS, MESSAGES, TEXT = 4_600, 12, 10_000  # 552 MB of texts


def write_shop(folder: Path) -> None:
    """One account, and conversations of long messages, evenly over a hundred days."""
    folder.mkdir()
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        started = "timestamptz '2026-02-01' + to_minutes(cast(c * 24 as int))"
        for table, rows in {
            "accounts": "select 'shop' as account_id, 'UTC' as timezone, 'EUR' as currency",
            "conversations": f"""select 'shop' as account_id, 'c' || c as conversation_id, 'web_chat' as channel,
                {started} as created_at from range({CONVERSATIONS}) as t (c)""",
            "messages": f"""select 'shop' as account_id, 'c' || c as conversation_id,
                'c' || c || 'm' || m as message_id,
                if(m % 2 = 0, 'visitor', 'agent') as sender, {started} + to_seconds(m) as sent_at,
                left(repeat(md5(c || '/' || m), {TEXT // 32 + 1}), {TEXT}) as text
                from range({CONVERSATIONS}) as t (c), range({MESSAGES}) as u (m)""",
        }.items():
            connection.execute(f"copy ({rows}) to '{folder / table}.parquet'")


def test_a_driver_with_less_memory_than_the_data_builds_and_checks_it(
    home: Home, tmp_path: Path, on_spark: str
) -> None:
    write_shop(tmp_path / "shop")
    texts = CONVERSATIONS * MESSAGES * TEXT
    assert texts > 512 * 2**20
    assert CONF["spark.driver.memory"] == "512m"
    result = jobs.run(RunRequest(home=str(home.root), config=on_spark, path=str(tmp_path / "shop"), as_of=AS_OF))
    assert result.outcome == "published"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home.published_file}' as published (read_only)")
        found = connection.execute("select count(*), sum(length(text)) from published.metrics.messages").fetchone()
    assert found == (CONVERSATIONS * MESSAGES, texts)
