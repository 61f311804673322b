"""Every folder `<rule>/<case>` here: what lands, and what must be published (README.md beside this file).

The cases of one as-of are delivered together and go through the whole main job: pull, build, check, publish. A case is
told from the others by its accounts.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from flows.ground.home import Home
from flows.published.report import report
from flows.warehouses.duckdb import DuckDBFile
from tests.golden.cases import CASES, as_of
from tests.reference.compare import payload_account, read_published
from tests.reference.gaps import differences, turns_of

Rows = list[dict[str, Any]]


def accounts(case: Path) -> set[str]:
    name = f"g{case.parent.name}-{case.name}"
    return {name, *(f"{name}-{letter}" for letter in "bcd")}


@pytest.fixture(scope="module")
def tables(published: Callable[[str], Home]) -> Callable[[str], dict[str, Rows]]:
    return cache(lambda instant: read_published(published(instant).published_file))


def read_rows(file: Path) -> Rows:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]


def as_written(value: Any) -> Any:
    """A published value as the cases write it."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:.4f}"
    return value


def sorted_texts(rows: Rows) -> Counter[str]:
    return Counter(json.dumps(row, sort_keys=True, ensure_ascii=False) for row in rows)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_golden(case: Path, tables: Callable[[str], dict[str, Rows]], published: Callable[[str], Home]) -> None:
    actual = tables(as_of(case))
    mine = accounts(case)
    for file in sorted((case / "expected").glob("*.jsonl")):
        expected = read_rows(file)
        if file.stem == "rejected_rows":
            check_refusals(expected, [row for row in actual["rejected_rows"] if payload_account(row) in mine])
            continue
        rows = [row for row in actual[file.stem] if row["account_id"] in mine]
        columns = list(expected[0]) if expected else ["account_id"]
        found = [{column: as_written(row[column]) for column in columns} for row in rows]
        missing = sorted_texts(expected) - sorted_texts(found)
        extra = sorted_texts(found) - sorted_texts(expected)
        assert not [*missing, *extra], f"{file.stem}\nmissing: {[*missing]}\nnot expected: {[*extra]}"
    if (case / "expected" / "report.json").exists():
        check_report(json.loads((case / "expected" / "report.json").read_text("utf-8")), published(as_of(case)))


def check_refusals(expected: Rows, found: Rows) -> None:
    assert len(found) == len(expected), found
    for row in expected:
        alike = [one for one in found if one["table"] == row["table"] and one["payload"] == row["payload"]]
        assert alike, f"{row} is not among {found}"
        assert row.get("reason_contains", "") in alike[0]["reason"]


def check_report(expected: dict[str, Any], home: Home) -> None:
    first, last = date.fromisoformat(expected["from"]), date.fromisoformat(expected["to"])
    with DuckDBFile(home).read() as reader:
        figures = report(reader, expected["account"], first, last).to_json_dict()
    average = figures["average_order_value"]
    figures["average_order_value"] = None if average is None else float(average)
    assert {name: figures[name] for name in expected["figures"]} == expected["figures"]


def test_what_chapter_8_counts_is_read_twice(
    tables: Callable[[str], dict[str, Rows]], published: Callable[[str], Home]
) -> None:
    """Of all accounts of all cases, also of those that have no expected topics."""
    instant = as_of(next(case for case in CASES if case.parent.name == "8.3"))
    decided = [
        {"owner": None, "note": None, **row, "decided_at": datetime.fromisoformat(row["decided_at"])}
        for case in CASES
        for file in sorted((case / "landing").rglob("topic_decisions.jsonl"))
        for row in read_rows(file)
        if as_of(case) == instant and row.get("state") in ("assigned", "dismissed", "open") and row.get("topic_id")
    ]
    assert differences(tables(instant), turns_of(published(instant)), decided, datetime.fromisoformat(instant)) == ""
