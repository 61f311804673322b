"""What Spark publishes and what DuckDB publishes from the same lake is the same, to the cent and the microsecond.

Spark builds everything once and then goes on from there, so that its way to replace partitions is compared with
DuckDB's way to replace rows.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import duckdb
from pyspark.sql import SparkSession

import contract
from flows import jobs, settings
from flows.engines import cluster, gather
from flows.ground.home import Home
from flows.settings.requests import PublishRequest, PullRequest, RunRequest
from tests.conftest import write_rows
from tests.golden.cases import CASES, as_of, delivered, handed_over
from tests.ledger import handoffs_delivered
from tests.reference.deliveries import merged, random_deliveries, write_load
from tests.reference.shops import random_shop

SHOPS = 3
GOLDEN_AS_OF = "2026-06-07T12:00:00Z"
INSTANTS = (GOLDEN_AS_OF, "2026-11-01T12:00:00Z", "2026-11-02T12:00:00Z")  # random shops live until the last


# Who entered a segment when depends on the builds before (12.2), which these homes do not share; of the last build both
# know the same.
ROWS = {
    "segment_members": f"* replace (if(entered_at = '{INSTANTS[-1]}', entered_at, null) as entered_at)",
}
ONLY = {"segment_changes": f"where changed_at = '{INSTANTS[-1]}'"}


def differences(one: Path, other: Path) -> list[tuple[str, int, int]]:
    """Tables of which a row is published by one and not by the other, and how many."""
    found = []
    with duckdb.connect() as connection:
        for name, file in (("one", one), ("other", other)):
            connection.execute(f"attach '{file}' as {name} (read_only)")
        for table in contract.metrics().keys() - {"publications"}:
            rows, only = ROWS.get(table, "*"), ONLY.get(table, "")
            left, right = (f'select {rows} from {name}.metrics."{table}" {only}' for name in ("one", "other"))
            counts = [
                connection.execute(f"select count(*) from (({a}) except all ({b}))").fetchall()[0][0]
                for a, b in ((left, right), (right, left))
            ]
            if any(counts):
                found.append((table, *counts))
    return found


def test_golden_cases_and_random_shops_are_published_alike(home: Home, tmp_path: Path, on_spark: str) -> None:
    golden = list(delivered([case for case in CASES if as_of(case) == GOLDEN_AS_OF], tmp_path / "golden"))
    rng = random.Random(20_260_607)
    loads = merged(
        random_deliveries(rng, random_shop(rng, f"shop {number}", ordered=number % 2 == 0)) for number in range(SHOPS)
    )
    for number, load in enumerate(loads):
        write_load(tmp_path / "random" / str(number), load, rng)
    write_mover(golden[0], "2026-03-01")
    write_mover(golden[1], "2026-04-01")
    shops = sorted((tmp_path / "random").iterdir())
    folders = [golden[0], shops[0]], [*golden[1:], *shops[1:-1]], shops[-1:]
    by_duckdb, by_spark = Home(tmp_path / "duckdb"), home

    for one in (by_duckdb, by_spark):
        handoffs_delivered(one, (row for case in CASES for row in handed_over(case)))

    for mode, instant, delivery in zip(("full", "incremental", "incremental"), INSTANTS, folders, strict=True):
        for folder in delivery[:-1]:
            jobs.pull(PullRequest(home=str(by_duckdb.root), path=str(folder)))
        assert jobs.run(lenient(by_duckdb, instant, path=str(delivery[-1]))).outcome == "published"
        shutil.copytree(by_duckdb.lake, by_spark.lake, dirs_exist_ok=True)
        shutil.rmtree(by_spark.topics, ignore_errors=True)  # which topics there are depends on the runs before (8.2)
        shutil.copytree(by_duckdb.topics, by_spark.topics)
        ask = lenient(by_spark, instant, config=on_spark)
        if instant == INSTANTS[-1]:  # as users have it: plans that change while they run
            SparkSession.active().conf.set("spark.sql.adaptive.enabled", "true")
        built = jobs.build(ask).build
        assert built
        assert built.mode == mode
        gather(by_spark, "1GB")
        assert differences(by_duckdb.published_file, by_spark.candidate_file) == []

    cluster.close()  # a process of its own for the check, as people may have it, knows what the build was told
    cluster.session(by_spark, settings.load(Path(on_spark)).spark).conf.set("spark.sql.adaptive.enabled", "true")
    verdict = jobs.check(ask)
    SparkSession.active().conf.set("spark.sql.adaptive.enabled", "false")
    assert verdict.checked
    assert verdict.checked.verdict.scope == "all"
    assert jobs.publish(PublishRequest(home=ask.home, config=on_spark)).outcome == "published"
    assert differences(by_duckdb.published_file, by_spark.published_file) == []


def write_mover(folder: Path, day: str) -> None:
    """An account whose only conversation moves to another month: of its partition before nothing may be left."""
    rows = {
        "accounts": {"account_id": "mover", "timezone": "Asia/Tokyo", "currency": "JPY"},
        "conversations": {"account_id": "mover", "conversation_id": "c", "channel": "sms", "created_at": "2026-01-01"},
        "messages": {
            "account_id": "mover",
            "message_id": "m",
            "conversation_id": "c",
            "sender": "visitor",
            "sent_at": f"{day}T12:00:00Z",
            "updated_at": day,
        },
    }
    for table, row in rows.items():
        write_rows(folder / table / "mover.jsonl", [row])


def lenient(home: Home, instant: str, **asked: str) -> RunRequest:
    return RunRequest(home=str(home.root), as_of=instant, max_rejected_share=1.0, max_volume_drop=1.0, **asked)
