"""An account that is missing in a run whose gate stayed closed, and is back in the next: nobody saw that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from contract import metrics
from flows.command.main import main
from flows.ground.home import Home
from tests.audiences.test_past import SEGMENT
from tests.conftest import write_rows
from tests.questions.test_updating import PASSWORD, SHIPPING

SETTINGS = 'segments = "definitions"\n'
ACCOUNT = '[[accounts]]\naccount_id = "{}"\ntimezone = "UTC"\ncurrency = "EUR"\n'
QUESTIONS = [*SHIPPING, *PASSWORD]
ARTICLE = {
    "article_id": "norway",
    "title": "Shipping to Norway",
    "body": "We ship to Norway in three days.",
    "is_published": True,
}


def delivered(folder: Path, day: int, *accounts: str) -> None:
    """A day's conversations, each with a question."""
    at = datetime(2026, 6, day, 10, tzinfo=UTC)
    for account in accounts:
        threads = [f"{day}-{number}" for number in range(len(QUESTIONS))]
        rows: dict[str, list[dict[str, object]]] = {
            "conversations": [
                {"conversation_id": one, "channel": "sms", "created_at": at.isoformat(), "profile_id": f"p{one}"}
                for one in threads
            ],
            "messages": [
                {
                    "conversation_id": one,
                    "message_id": one + sender,
                    "sender": sender,
                    "sent_at": (at + timedelta(minutes=minutes)).isoformat(),
                    "text": text,
                }
                for number, one in enumerate(threads)
                for sender, minutes, text in (("visitor", 0, QUESTIONS[number]), ("agent", 1, "Yes, we do."))
            ],
            "profiles": [{"profile_id": f"p{one}"} for one in threads],
            "articles": [ARTICLE],
        }
        for table, of_table in rows.items():
            if table != "articles" or day == 1:
                write_rows(folder / table / f"{account}.jsonl", [{"account_id": account, **row} for row in of_table])


def everything(home: Home) -> dict[str, list[str]]:
    with duckdb.connect(str(home.published_file), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return {
            table: sorted(map(repr, connection.execute(f"select * from metrics.{table}").fetchall()))
            for table in metrics()
            if table != "publications"
        }


@pytest.mark.parametrize("with_delivery", [True, False])
def test_nothing_of_an_account_changes_by_its_absence(tmp_path: Path, *, with_delivery: bool) -> None:
    """Its articles, there from the start, were said to have come; its members lost since when they are in."""
    for number in (1, 2, 3):
        for account in ("away", "stays"):
            delivered(tmp_path / str(number), number, account)
    (tmp_path / "both.toml").write_text(SETTINGS + ACCOUNT.format("away") + ACCOUNT.format("stays"), "utf-8")
    (tmp_path / "one.toml").write_text(SETTINGS + ACCOUNT.format("stays"), "utf-8")
    (tmp_path / "definitions").mkdir()
    (tmp_path / "definitions" / "wrote.yml").write_text(SEGMENT, "utf-8")

    def run(home: str, day: int, settings: str) -> int:
        at = ["--home", str(tmp_path / home), "--path", str(tmp_path / str(day)), "--config", str(tmp_path / settings)]
        return main(["run", *at, "--as-of", f"2026-06-0{day + 1}T00:00:00Z"])

    for home in ("spared", "struck"):
        assert [run(home, day, "both.toml") for day in (1, 2)] == [0, 0]
    assert run("struck", 3 if with_delivery else 2, "one.toml") == 3
    for home in ("spared", "struck"):
        assert run(home, 3, "both.toml") == 0
    spared, struck = (everything(Home(tmp_path / home)) for home in ("spared", "struck"))
    assert spared["segment_changes"]
    assert spared["knowledge_gap_topics"]
    for table, rows in spared.items():
        assert struck[table] == rows, table
