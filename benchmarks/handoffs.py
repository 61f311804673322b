"""A million hand-offs: what they cost of a build from nothing and of one after it, model by model.

    python benchmarks/handoffs.py [--conversations 1000000] [--dir .bench]

Every conversation is handed over, in accounts with business hours and without, one in twenty as an event; seconds are
those that dbt says of each model, several at a time. They go to benchmarks/handoffs.json. Nothing here is a test.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
from pathlib import Path

import duckdb
from bench import measured
from taken import taken

from flows.delivery.ledger import Ledger

HERE = Path(__file__).parent
RESULTS = HERE / "handoffs.json"
ACCOUNTS = 20  # half of them with business hours
OURS = {
    "stg_business_hours", "int_business_hour_settings", "changed_business_hours", "int_business_hours",
    "int_business_intervals", "int_handoffs_delivered", "int_handoff_chains", "int_business_spans", "handoffs",
}  # fmt: skip
ZONES = ("America/Sao_Paulo", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
LOG = Path("dbt", "logs", "dbt.log")
MODEL = re.compile(r"OK created sql \w+ model [\w.]+\.(\w+) .* in ([\d.]+)s\]")
ROWS = {
    "accounts": "select 'shop-' || i as account_id, {zone} as timezone, 'EUR' as currency from range({accounts}) t(i)",
    "business_hours": """select 'shop-' || i as account_id,
        ['mon 540-720', 'mon 780-1080', 'tue 540-1080', 'wed 540-1080', 'thu 540-1080', 'fri 540-1020'] as weekly,
        ['2025-12-25', '2025-12-24 540-780'] as overrides
        from range({accounts}) t(i) where i % 2 = 0""",
    "conversations": """select {ids}, 'web_chat' as channel, {begin} as created_at, 'p' || i % 300000 as profile_id
        from {range}""",
    "messages": """select {ids}, 'c' || i || '-' || n as message_id, {begin} + to_minutes(n) as sent_at,
        ['visitor', 'agent', 'visitor', 'system'][n + 1] as sender, 'text ' || n as text
        from {range} cross join range(4) m(n)""",
    "handoff_events": """select {ids}, 'c' || i || '-' || n as handoff_event_id, {begin} + to_minutes(n) as occurred_at,
        ['offered', if(i % 10 = 0, 'declined', 'accepted')][n + 1] as type,
        ['knowledge_gap', 'shopper_request', null][1 + i % 3] as reason
        from {range} cross join range(2) m(n)""",
    "tickets": """select {ids}, 'zendesk' as platform, 't' || i as ticket_id, {begin} + to_minutes(3) as created_at,
        if(i % 3 = 0, null, {begin} + to_seconds(200 + hash(i) % 200000)) as first_human_reply_at,
        if(i % 4 = 0, null, {begin} + to_seconds(200000 + hash(i) % 200000)) as solved_at
        from {range} where i % 2 = 0""",
}


def write(folder: Path, first: int, last: int) -> None:
    """The conversations with these numbers, over the two years before June 2026; parents come with the first ones."""
    folder.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for table, query in ROWS.items():
            if first and table in {"accounts", "business_hours"}:
                continue
            filled = query.format(
                accounts=ACCOUNTS,
                zone=f"{list(ZONES)}[1 + i % {len(ZONES)}]",
                ids=f"'shop-' || i % {ACCOUNTS} as account_id, 'c' || i as conversation_id",
                begin="(timestamptz '2024-06-01' + to_seconds(hash(i) % 63000000))",
                range=f"range({first}, {last}) t(i)",
            )
            connection.execute(f"copy ({filled}) to '{folder / table}.parquet' (format parquet)")


def deliver(home: Path, first: int, last: int) -> None:
    """The ledger says of every twentieth of these conversations that it went as an event."""
    home.mkdir(parents=True, exist_ok=True)
    at = "2026-05-31T00:00:00.000000Z"
    with Ledger(home / "deliveries.sqlite3") as ledger, ledger.together():
        ledger.run_for(
            "insert into handoffs values (?, ?, 'web_chat', 'klaviyo', 'ticket', ?, 'created', 0, null, ?, null, null)",
            [(f"shop-{i % ACCOUNTS}", f"c{i}", at, at) for i in range(first, last) if i % 20 == 7],
        )


def models(home: Path) -> dict[str, float]:
    """Seconds of each model, as the log of the last build says."""
    log = (home / LOG).read_text("utf-8")
    return {name: float(seconds) for name, seconds in MODEL.findall(re.sub(r"\x1b\[\d*m", "", log))}


def shares(home: Path, build: dict[str, float]) -> dict[str, object]:
    seconds = models(home)
    ours = {name: round(seconds[name], 2) for name in sorted(OURS & seconds.keys())}
    total, sum_ = sum(seconds.values()), sum(ours.values())
    return {
        "build": build,
        "models": round(total, 1),
        "of hand-offs": ours,
        "sum": round(sum_, 2),
        "share of models": round(sum_ / total, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conversations", type=int, default=1_000_000)
    parser.add_argument("--dir", type=Path, default=Path(".bench"))
    asked = parser.parse_args()
    folder, home = asked.dir / "handoffs", asked.dir / "handoffs-home"
    for one in (folder, home):
        shutil.rmtree(one, ignore_errors=True)
    more = asked.conversations // 1000
    write(folder / "history", 0, asked.conversations)
    write(folder / "delivery", asked.conversations, asked.conversations + more)
    at = ["--home", str(home)]
    result: dict[str, object] = {"conversations": asked.conversations, **taken()}
    parts = {"history": (0, asked.conversations), "delivery": (asked.conversations, asked.conversations + more)}
    for name, as_of in (("history", "2026-06-01T00:00:00Z"), ("delivery", "2026-06-01T00:05:00Z")):
        deliver(home, *parts[name])
        measured("pull", *at, "--path", str(folder / name))
        (home / LOG).unlink(missing_ok=True)
        result[name] = shares(home, measured("build", *at, "--as-of", as_of))
        RESULTS.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(RESULTS.read_text("utf-8"))


if __name__ == "__main__":
    main()
