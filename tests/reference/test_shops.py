"""The random shops keep their promises, and the comparison sees what differs."""

from __future__ import annotations

import copy
import csv
import gzip
import io
import json
import random
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from contract import metrics
from tests.reference.compare import compare, only, read_published
from tests.reference.counted import File, Load
from tests.reference.deliveries import merged, order_independent, random_deliveries, write_load
from tests.reference.derive import derive
from tests.reference.landing import Row
from tests.reference.shops import AS_OF, random_shop

OFTEN_RARE = {"held back", "rejected", "follow-up", "inferred"}


def shops(seeds: range, *, ordered: bool = True) -> list[list[tuple[str, Row]]]:
    return [random_shop(random.Random(seed), f"shop {seed}", ordered=ordered) for seed in seeds]


def read_back(path: Path) -> list[Row]:
    if path.suffix == ".parquet":
        rows: list[Row] = pq.read_table(path).to_pylist()
        return rows
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    if ".csv" in path.name:
        return list(csv.DictReader(io.StringIO(text, newline="")))
    return [json.loads(line) for line in text.split("\n") if line]


def written(folder: Path, load: Load, rng: random.Random) -> Load:
    """The load as its files tell it, in the order of their paths."""
    paths = sorted(write_load(folder, load, rng), key=lambda path: str(path).encode())
    return [(path.relative_to(folder).parts[0].split(".")[0], read_back(path)) for path in paths if path.is_file()]


def test_1_4_an_ordered_shop_says_the_same_in_any_order() -> None:
    for number, rows in enumerate(shops(range(40))):
        assert order_independent(rows)
        rng = random.Random(number)
        one, other = (derive(random_deliveries(rng, rows), AS_OF) for _ in range(2))
        assert compare(one.tables, other.tables) == ""
        assert one.held_back == other.held_back


def test_a_shop_that_is_not_ordered_is_said_to_be_so() -> None:
    assert any(not order_independent(rows) for rows in shops(range(10), ordered=False))


def test_shops_merged_say_what_each_of_them_says() -> None:
    rng = random.Random(0)
    deliveries = [random_deliveries(rng, rows) for rows in shops(range(5), ordered=False)]
    together = derive(merged(deliveries), AS_OF).tables
    for seed, delivery in enumerate(deliveries):
        alone = derive(delivery, AS_OF).tables
        assert compare(alone, only(together, f"shop {seed}")) == ""


@pytest.mark.parametrize("seed", range(6))
def test_written_files_say_what_the_rows_say(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    loads = random_deliveries(rng, [row for rows in shops(range(seed, seed + 3), ordered=False) for row in rows])
    again = [written(tmp_path / str(number), load, rng) for number, load in enumerate(loads)]
    expected, actual = derive(loads, AS_OF), derive(again, AS_OF)
    assert compare(expected.tables, actual.tables) == ""
    assert expected.held_back == actual.held_back


def test_what_is_awkward_is_likely() -> None:
    seen: Counter[Any] = Counter()
    for number, rows in enumerate(shops(range(1200))):
        derived = derive(random_deliveries(random.Random(number), rows), AS_OF)
        seen.update(("held back", table) for table in derived.held_back)
        seen.update(("rejected", row["table"]) for row in derived.tables["rejected_rows"])
        for row in derived.tables["conversations"]:
            seen.update([row["status"], ("by", row["closed_by"])])
            seen["timed out at as-of"] += row["closed_at"] == AS_OF
            seen[("back", row["recontacted_by"] or str(row["is_recontacted"]))] += 1
        for row in derived.tables["attributed_order_lines"]:
            seen.update(
                [(row["channel"], row["touch_type"]), "net" if row["net_revenue"] < row["revenue"] else "gross"]
            )
            seen["at the instant"] += row["touched_at"] == row["placed_at"]
        for row in derived.tables["follow_ups"]:
            seen.update([("follow-up", row["reason"] or row["state"])])
    rare = {name: times for name, times in seen.items() if times < 3}
    assert not {name for name in rare if not isinstance(name, tuple) or not OFTEN_RARE & set(name)}, rare
    wanted = {"resolved", "routed", "closed", "open", "net", "timed out at as-of", "at the instant"}
    wanted_pairs = {("by", who) for who in ("visitor", "agent", "human", "handoff", "timeout", None)}
    wanted_pairs |= {("sms", "click"), ("sms", "open"), ("sms", "delivery"), ("web_chat", "click")}
    wanted_pairs |= {("back", one) for one in ("conversation", "ticket", "False", "None")}
    table = metrics()["follow_ups"]
    never = {"sent", "cancelled", "not_reachable"}  # of which each has a reason, or a ledger
    wanted_pairs |= {
        ("follow-up", one) for name in ("state", "reason") for one in table.column(name).values if one not in never
    }
    assert wanted | wanted_pairs <= seen.keys(), (wanted | wanted_pairs) - seen.keys()


def example() -> dict[str, list[Row]]:
    """The first of the random shops in which conversations count."""
    derived = (derive(random_deliveries(random.Random(0), rows), AS_OF).tables for rows in shops(range(1, 20)))
    return next(tables for tables in derived if tables["conversations"])


def test_the_comparison_names_the_missing_the_extra_and_the_different() -> None:
    expected = example()
    assert expected["conversations"]
    assert compare(expected, copy.deepcopy(expected)) == ""
    changes: list[tuple[Callable[[list[Row]], object], str]] = [
        (lambda rows: rows.pop(), "conversations: missing {"),
        (lambda rows: rows.append(rows[0]), "conversations: not expected {"),
        (lambda rows: rows[0].update(status="happy"), "status should be "),
        (lambda rows: rows[0].update(attributed_revenue=0), "attributed_revenue should be Decimal("),
        (lambda rows: rows[0].pop("tag"), "tag should be "),
        (lambda rows: rows[0].update(mood=1), "mood should be 'no column', is 1"),
    ]
    for change, said in changes:
        actual = copy.deepcopy(expected)
        change(actual["conversations"])
        assert said in compare(expected, actual)
    assert compare(expected, {}).startswith("accounts: no such table")


def test_a_payload_is_the_same_in_another_format() -> None:
    def rejected(payload: Row) -> dict[str, list[Row]]:
        return {"rejected_rows": [{"source": "files", "table": "messages", "payload": payload}]}

    one = rejected({"account_id": "s", "text": None, "quantity": -1, "list": ["é"]})
    assert compare(one, rejected({"quantity": "-1", "account_id": "s", "text": "", "list": '["é"]'})) == ""
    assert "missing" in compare(one, rejected({"quantity": "-2", "account_id": "s", "list": '["é"]'}))


def publish(path: Path, *statements: str) -> Path:
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema metrics")
        for statement in statements:
            connection.execute(statement)
    return path


def test_published_rows_are_read_with_the_types_of_the_reference(tmp_path: Path) -> None:
    path = publish(
        tmp_path / "it's metrics.duckdb",
        "create table metrics.conversations as select 's' as account_id, timestamptz '2026-06-01 10:00:00+00' as at,"
        " date '2026-06-01' as on_day, 1.5::decimal(18, 4) as amount, ['p'] as list, 2::bigint as n, true as yes",
        "create table metrics.rejected_rows as"
        """ select '1' as rejected_row_id, 'files' as source, 'messages' as "table", '{"a": [1]}' as payload""",
    )
    tables = read_published(path)
    (row,) = tables["conversations"]
    assert list(map(type, row.values()))[3:] == [Decimal, list, int, bool]
    assert row["at"].isoformat() == "2026-06-01T10:00:00+00:00"
    assert tables["rejected_rows"][0]["payload"] == {"a": [1]}


@pytest.mark.parametrize("table", ["rejected_rows", "agent_events"])
def test_an_id_or_a_refused_row_that_stands_twice_is_seen(tmp_path: Path, table: str) -> None:
    columns = {
        "rejected_rows": """i::varchar as rejected_row_id, 'files' as source, 'messages' as "table", '{}' as payload""",
        "agent_events": "'s' as account_id, 'same' as event_id",
    }
    path = publish(tmp_path / "m.duckdb", f"create table metrics.{table} as select {columns[table]} from range(2) t(i)")
    with pytest.raises(AssertionError, match=r"twice|agent_events"):
        read_published(path)


def test_files_keep_the_order_of_the_load(tmp_path: Path) -> None:
    load: list[File] = [("products", [{"account_id": "s", "product_id": f"{n}"}]) for n in range(12)]
    assert [rows[0]["product_id"] for _, rows in written(tmp_path, load, random.Random(1))] == [
        str(n) for n in range(12)
    ]
