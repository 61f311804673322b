"""What was published against what the reference says, row by row."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb

from contract import metrics
from tests.reference.landing import Row

Tables = dict[str, list[Row]]

KEYS = {
    # The text of `event_id` is the project's own; that it is unique is looked at apart.
    "agent_events": ("account_id", "conversation_id", "event", "occurred_at", "product_ids"),
    "rejected_rows": ("source", "table", "payload"),
}
NOT_COMPARED = {
    "agent_events": {"event_id"},
    "held_back_rows": {"waiting_since"},
    "rejected_rows": {"rejected_row_id", "reason", "rejected_at"},
}
SHOWN = 5


def read_published(path: Path) -> Tables:
    """Every table of the schema `metrics` in the DuckDB file `path`, as rows; the payload of rejected rows is parsed.

    An `event_id` or a `rejected_row_id` that stands twice, or is null, raises AssertionError.
    """
    connection = duckdb.connect()
    try:
        connection.execute("set TimeZone = 'UTC'")
        # Another alias than `metrics`: a catalog and a schema of one name clash.
        connection.execute(f"attach '{str(path).replace(chr(39), chr(39) * 2)}' as published (read_only)")
        found = connection.execute(
            "select table_name from information_schema.tables"
            " where table_catalog = 'published' and table_schema = 'metrics' order by 1"
        ).fetchall()
        tables: Tables = {}
        for (name,) in found:
            cursor = connection.execute(f'from published.metrics."{name}"')
            columns = [column[0] for column in cursor.description or ()]
            tables[name] = [dict(zip(columns, values, strict=True)) for values in cursor.fetchall()]
    finally:
        connection.close()
    for table, names in (("agent_events", ("account_id", "event_id")), ("rejected_rows", ("rejected_row_id",))):
        keys = Counter(tuple(row[name] for name in names) for row in tables.get(table, []))
        assert not [key for key, times in keys.items() if times > 1 or None in key], f"{table}: {keys.most_common(1)}"
    payloads = Counter((row["source"], row["table"], row["payload"]) for row in tables.get("rejected_rows", []))
    assert not [key for key, times in payloads.items() if times > 1], f"rejected twice: {payloads.most_common(1)}"
    for row in tables.get("rejected_rows", []):
        row["payload"] = json.loads(row["payload"])
    return tables


def only(tables: Tables, *account_ids: str) -> Tables:
    """The rows of these accounts; a rejected row belongs to the account that its payload names."""
    return {
        table: [row for row in rows if row.get("account_id", payload_account(row)) in account_ids]
        for table, rows in tables.items()
    }


def payload_account(row: Row) -> Any:
    payload = row.get("payload")
    return payload.get("account_id") if isinstance(payload, dict) else None


def compare(expected: Tables, actual: Tables) -> str:
    """A readable account of what differs in the tables of `expected`; empty if nothing does.

    The order of rows means nothing. Payloads are equal when they say the same in another format (CSV knows text only
    and no difference between null, missing and empty); the same payload in two formats stands for one row.
    """
    problems = []
    for table, rows in expected.items():
        if table not in actual:
            problems.append(f"{table}: no such table")
        else:
            problems += [f"{table}: {text}" for text in differences(table, rows, actual[table])]
    return "\n".join(problems)


def differences(table: str, expected: list[Row], actual: list[Row]) -> list[str]:
    wanted, found = by_key(table, expected), by_key(table, actual)
    texts = [f"missing {row}" for key, row in wanted.items() if key not in found]
    extra = [f"not expected {row}" for key, row in found.items() if key not in wanted]
    changed = []
    for key, row in wanted.items():
        names = sorted((row | found[key]).keys() - NOT_COMPARED.get(table, set())) if key in found else []
        pairs = [(name, row.get(name, "no column"), found[key].get(name, "no column")) for name in names]
        wrong = [f"{name} should be {want!r}, is {have!r}" for name, want, have in pairs if not is_equal(want, have)]
        if wrong:
            changed.append(f"{dict(zip(key_columns(table), key, strict=False))}: {'; '.join(wrong)}")
    return [text for group in (texts, extra, changed) for text in shortened(group)]


def shortened(texts: list[str]) -> list[str]:
    more = [f"... and {len(texts) - SHOWN} more like it"] if len(texts) > SHOWN else []
    return texts[:SHOWN] + more


def key_columns(table: str) -> tuple[str, ...]:
    return KEYS.get(table) or metrics()[table].key


def by_key(table: str, rows: list[Row]) -> dict[tuple[Any, ...], Row]:
    """Rows by their grain and the number of the row among its likes: a row that stands twice is a difference."""
    seen: Counter[tuple[Any, ...]] = Counter()
    keyed = {}
    for original in rows:
        row = original
        if table == "rejected_rows":
            row = {"source": row["source"], "table": row["table"], "payload": said(row["payload"])}
        key = tuple(json.dumps(row[name]) if isinstance(row[name], list) else row[name] for name in key_columns(table))
        seen[key] += 1
        if table == "rejected_rows":
            keyed[key] = row
        else:
            keyed[(*key, seen[key])] = row
    return keyed


def is_equal(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


def said(payload: Any) -> str:
    """What a payload says, whatever the format of its file."""
    if not isinstance(payload, dict):
        return json.dumps(payload)
    texts = {name: as_text(value) for name, value in payload.items() if value is not None}
    return json.dumps({name: text for name, text in texts.items() if text != ""}, sort_keys=True, ensure_ascii=False)


def as_text(value: Any) -> str:
    """A JSON value as the text that stands for it in a CSV file."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
