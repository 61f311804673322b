"""Landing files of any size for measuring: a history of 24 months up to 2026-06-01, and small deliveries after it.

    python benchmarks/generate.py --out DIR --conversations 1000000
    python benchmarks/generate.py --out DIR --conversations 1000000 --delivery

Everything follows from row numbers and DuckDB's `hash`, so equal arguments give equal rows. Per conversation there are
about 10 messages, 2 interactions, half an order with a line each way, 0.15 hand-offs, 0.3 profiles.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

FACTS = json.loads(Path(__file__).with_name("facts.json").read_text("utf-8"))
ROWS = dict(part.split("\n", 1) for part in Path(__file__).with_name("rows.sql").read_text("utf-8").split("\n--- ")[1:])
FORMATS = {  # besides messages and interactions, which come in many files
    "profiles": "csv", "visitors": "csv", "conversations": "jsonl", "handoff_events": "csv", "tickets": "csv",
    "orders": "parquet", "order_lines": "parquet",
}  # fmt: skip
DAYS = 730
END = "timestamp '2026-06-01'"
PRODUCTS = 500  # per account


@dataclass(frozen=True)
class Span:
    """The conversations `first` to `last` (excluded), and the new shoppers among them."""

    name: str
    first: int
    last: int
    first_shopper: int
    last_shopper: int
    shopper: str  # of conversation i
    created_at: str  # of conversation i
    until: str  # nothing is ordered later
    order_lead_hours: int  # orders that no click brought are up to so much older than the conversation
    stride: int = 1  # every how many-th conversation


def generate(folder: Path, conversations: int = 1_000_000, *, files: int = 10) -> None:
    """Write the history into `folder`: JSONL, CSV and Parquet, large tables as folders of several files."""
    span = _history(conversations)
    with _connect(folder) as connection:
        _write_catalogue(connection, folder)
        _write_span(connection, folder, span, files)


def delivery(folder: Path, history_conversations: int, conversations: int = 1000, number: int = 1) -> None:
    """Write what day `number` after the history brings: new rows, a few late ones, and new versions of older rows."""
    shoppers, new_shoppers = _shoppers(history_conversations), conversations // 3
    first = history_conversations + (number - 1) * conversations
    first_shopper = shoppers + (number - 1) * new_shoppers
    late = f"case when r(i, 4) % 20 = 0 then to_days((1 + r(i, 5) % 6)::int) else to_days({1 - number}) end"
    span = Span(
        f"delivery-{number}", first, first + conversations, first_shopper, first_shopper + new_shoppers,
        shopper=f"case when r(i, 6) % 2 = 0 then {first_shopper} + (i - {first}) // 3 % greatest({new_shoppers}, 1) "
        f"else r(i, 1) % {shoppers} end",
        created_at=f"{END} - {late} + to_seconds((36000 * (u(i, 2) + u(i, 3)))::bigint)",
        until=f"{END} + to_days({number})", order_lead_hours=20,
    )  # fmt: skip
    with _connect(folder) as connection:
        _write_span(connection, folder, span, files=1)
        _write_updates(connection, folder, _history(history_conversations), number)


def _history(conversations: int) -> Span:
    shoppers = _shoppers(conversations)
    day = f"{END} - to_days({DAYS} - (i * {DAYS} // {conversations})::int)"
    return Span(
        "history", 0, conversations, 0, shoppers,
        shopper=f"({shoppers} * pow(u(i, 1), 1.5))::bigint % {shoppers}",
        created_at=f"{day} + to_seconds((36000 * (u(i, 2) + u(i, 3)))::bigint)",
        until=END, order_lead_hours=24 * 60,
    )  # fmt: skip


def _shoppers(conversations: int) -> int:
    return max(conversations * 2 // 5, 1)


def _connect(folder: Path) -> duckdb.DuckDBPyConnection:
    folder.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(config={"memory_limit": "3GB", "threads": 2})
    connection.sql("set timezone = 'UTC'")
    for name in ("questions", "answers", "skills", "handoffs"):
        connection.sql(f"set variable {name} = {_literal(FACTS[name])}")
    names, currencies = (_literal([row[column] for row in FACTS["accounts"]]) for column in ("account_id", "currency"))
    connection.sql(f"""
        create macro r(i, salt) as (hash(i * 131 + salt) >> 20)::bigint;
        create macro u(i, salt) as r(i, salt) % 1000000 / 1e6;
        create macro account(shopper) as 1 + [0, 0, 0, 0, 1, 1, 1, 2, 2, 3][1 + r(shopper, 90) % 10];
        create macro account_id(a) as {names}[a];
        create macro currency(a) as {currencies}[a];
        create macro has_profile(shopper) as shopper % 4 < 3;
        create macro profile_id(shopper) as case when has_profile(shopper) then 'p' || shopper end;
        create macro product_id(a, x) as account_id(a) || '-' || x;
        create macro popular(i, salt) as ({PRODUCTS} * u(i, salt) * u(i, salt + 1))::bigint % {PRODUCTS};
        create macro stamp(moment) as strftime(moment, '%Y-%m-%dT%H:%M:%SZ');
    """)
    return connection


def _literal(value: Any) -> str:
    """Text, or lists of it, as SQL."""
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return "'" + str(value).replace("'", "''") + "'"


def _copy(connection: duckdb.DuckDBPyConnection, select: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    formats = {".jsonl": "format json", ".csv": "format csv, header", ".parquet": "format parquet, compression zstd"}
    connection.sql(f"copy ({select}) to {_literal(str(path))} ({formats[path.suffix]})")


def _write_catalogue(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """What does not grow: accounts, products, skills, articles."""
    lines = (json.dumps(account) + "\n" for account in FACTS["accounts"])
    (folder / "accounts.jsonl").write_text("".join(lines), "utf-8")
    for file in ("products.csv", "skills.jsonl", "articles.jsonl"):
        select = ROWS[file.split(".")[0]].format(accounts=len(FACTS["accounts"]), products=PRODUCTS)
        _copy(connection, select, folder / file)


def _converse(connection: duckdb.DuckDBPyConnection, span: Span) -> None:
    """The span's conversations and purchases, from which all other rows follow, as temporary tables."""
    for name in ("conversation", "purchase"):
        connection.sql(f"create or replace temp table {name} as {ROWS[name].format(**vars(span))}")


def _write_span(connection: duckdb.DuckDBPyConnection, folder: Path, span: Span, files: int) -> None:
    """Everything that shoppers did in a span; the files of a table follow each other in time."""
    _converse(connection, span)
    values = {
        "first_shopper": span.first_shopper,
        "last_shopper": span.last_shopper,
        "closed_at": "case when ending < 4 then stamp(ended + interval 2 minute) end",
        "closed_by": "case when ending < 4 then ['visitor', 'visitor', 'agent', 'human'][1 + ending] end",
        "cancelled_at": "case when r(o, 76) % 50 = 0 then (placed + interval 1 hour)::timestamptz end",
        "refunded_amount": "if(r(o, 82) % 25 = 0, 2, 0)",
    }
    for table, extension in FORMATS.items():
        _copy(connection, ROWS[table].format(**values), folder / table / f"{span.name}.{extension}")
    for number in range(files):
        size = span.last - span.first
        low, high = (span.first + size * n // files for n in (number, number + 1))
        part, name = f"i >= {low} and i < {high}", f"{span.name}-{number:02d}"
        _copy(connection, ROWS["messages"].format(part=part), folder / "messages" / f"{name}.jsonl")
        _copy(connection, ROWS["interactions"].format(part=part), folder / "interactions" / f"{name}.csv")


def _write_updates(connection: duckdb.DuckDBPyConnection, folder: Path, history: Span, number: int) -> None:
    """New versions of about 150 older conversations and their first messages, and of half as many orders."""
    stride = max(history.last // 150, 1)
    _converse(connection, replace(history, first=number % stride, stride=stride))
    values = {
        "closed_at": "stamp(ended + interval 1 minute)",
        "closed_by": "'agent'",
        "cancelled_at": "(placed + interval 2 hour)::timestamptz",
        "refunded_amount": "1",
        "part": "true",
    }
    for table in ("conversations", "messages", "orders", "order_lines"):
        select = ROWS[table].format(**values)
        if table == "messages":
            select = f"select * replace (text || ' (edited)' as text) from ({select}) where message_id like '%-0'"
        updated_at = f"{END} + to_days({number}) - interval 1 hour"
        extension = FORMATS.get(table, "jsonl")
        updated_at = f"({updated_at})::timestamptz" if extension == "parquet" else f"stamp({updated_at})"
        path = folder / table / f"updates-{number}.{extension}"
        _copy(connection, f"select *, {updated_at} as updated_at from ({select})", path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--conversations", type=int, default=1_000_000, help="size of the history")
    parser.add_argument(
        "--delivery", type=int, nargs="?", const=1, help="write only what day N (default 1) after the history brings"
    )
    options = parser.parse_args()
    if options.delivery is None:
        generate(options.out, options.conversations)
    else:
        delivery(options.out, options.conversations, number=options.delivery)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
