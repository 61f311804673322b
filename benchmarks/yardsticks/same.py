"""Say whether yardsticks hold the same rows as the project's own candidate; exit status 1 and a few of the rows if not.

    python benchmarks/yardsticks/same.py --home HOME BARE.duckdb PANDAS_FOLDER

Rows are equal if all columns of contract/metrics.yml are, as the contract's types. Left out: `rejected_at`, the time of
a pull, and what yardsticks do not derive: chapters 8, 10 and 11, segments, rows that wait, what publishing writes,
tickets and their hand-offs (4.4), why a conversation is open (3.5), what came of conversations and hand-offs
(chapter 13), all orders, inferred touches (5.6), dates of messages and interactions, and columns that say of rows
whose they are.
A table is first compared by its number of rows and the sum of their hashes, so that little memory is needed where all
is well.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import duckdb

import contract
from contract.types import TYPES
from flows.ground.sql import literal

ELSEWHERE = {
    *("knowledge_gap_topics", "knowledge_gap_questions", "knowledge_gap_closures", "knowledge_gap_topic_changes"),
    *("knowledge_gap_totals", "segments", "segment_members", "segment_changes", "follow_ups", "publications"),
    *("reconciled_figures", "held_back_rows", "measured", "completeness", "tickets", "handoffs"),
    *("orders", "order_lines"),
}
NOT_DERIVED = {
    *("rejected_at", "is_derived", "agent", "rating", "article_ids"),
    *("inferred_orders", "inferred_revenue", "sent_on", "occurred_on", "open_reason"),
    *("running_conversations", "unanswered_conversations", "recontacted_conversations", "deflected_conversations"),
    *("is_recontacted", "recontacted_at", "recontacted_by", "recontact_id", "is_deflected"),
}
TABLES = [table for table in contract.metrics().values() if table.name not in ELSEWHERE]


def attach(connection: duckdb.DuckDBPyConnection, name: str, source: Path) -> None:
    """Views `name.<table>` of the contract's columns over a DuckDB file or a folder of Parquet files."""
    connection.execute(f"attach ':memory:' as {name}")
    if source.is_file():
        connection.execute(f"attach {literal(str(source))} as {name}_file (read_only)")
    for table in TABLES:
        parquet = f"read_parquet({literal(str(source / f'{table.name}.parquet'))})"
        rows = f"{name}_file.metrics.{table.name}" if source.is_file() else parquet
        columns = [
            f'"{c.name}"::{TYPES[c.type].duckdb} as "{c.name}"' for c in table.columns if c.name not in NOT_DERIVED
        ]
        only = " where not is_derived" if (name, table.name) == ("ours", "handoff_steps") else ""
        connection.execute(f"create view {name}.{table.name} as select {', '.join(columns)} from {rows}{only}")


def differences(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """What tells the table of `ours` from that of `other`; empty if they hold the same rows."""
    sums = [
        connection.sql(f"select count(*), sum(hash(rows)::hugeint) from {name}.{table} as rows").fetchall()
        for name in ("ours", "other")
    ]
    if sums[0] == sums[1]:
        return []
    found = [f"{table}: {sums[0][0][0]:,} rows in the candidate, {sums[1][0][0]:,} in the other"]
    for title, left, right in (("candidate", "ours", "other"), ("other", "other", "ours")):
        only = connection.sql(f"from {left}.{table} except all from {right}.{table} order by all limit 3").fetchall()
        found += [f"  only in the {title}: {str(row)[:300]}" for row in only]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True, help="whose candidate/metrics.duckdb is compared")
    parser.add_argument("others", type=Path, nargs="+", help="files of bare.py, folders of with_pandas.py")
    options = parser.parse_args()
    different = False
    for other in options.others:
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            attach(connection, "ours", options.home / "candidate" / "metrics.duckdb")
            attach(connection, "other", other)
            found = [line for table in TABLES for line in differences(connection, table.name)]
        print(f"{other}: {'differs' if found else f'the same {len(TABLES)} tables'}", *found, sep="\n")
        different = different or bool(found)
    sys.exit(different)


if __name__ == "__main__":
    main()
