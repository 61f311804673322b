"""Chapter 8 of a random shop, published and read once more (rules 8.2 to 8.6)."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows import jobs
from flows.ground.home import Home
from flows.published.gaps import gaps
from flows.settings.requests import RunRequest
from flows.warehouses.duckdb import DuckDBFile
from tests.reference.compare import only, read_published
from tests.reference.gaps import Account, differences, ranked, rows_of, turns_of
from tests.reference.landing import Row

BEGAN = datetime(2026, 6, 1, 8, tzinfo=UTC)
FIRST, SECOND = BEGAN + timedelta(days=3), BEGAN + timedelta(days=6)
MATTERS = {
    "shipping": "Do you ship to Norway?|How long does shipping to Norway take?|Is shipping to Norway free?",
    "instalments": "Can I pay in instalments?|Do you offer payment in instalments?|Is paying in instalments possible?",
    "wool": "How do I wash wool?|Can I wash wool in the machine?|Do I wash wool by hand?",
    "password": "How do I reset my password?|Where do I set a new password?|I forgot my password, what now?",
    "parcel": "Where is my parcel?|Where is my order 4711?|My parcel has not arrived",
    "sizes": "Which size should I take?|Does it run small?|What size do I need?",
    "nothing": "Can you confirm that?|Are you sure?|And why?|And to Sweden?",
}
REPLIES = ("Yes.", "Yes, we do.", "I don't have any information on that.", None)
ARTICLE = "Yes, we ship to Norway. Shipping to Norway takes five days. Shipping to Norway is free."
PASSWORD = "To reset your password, open your account. There you set a new password when you forgot your password."


class Drawn:
    """A shop that is delivered in two loads: rows by table of each."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.loads: list[dict[str, list[Row]]] = [defaultdict(list), defaultdict(list)]
        for account in ("plain", "sourced"):
            first = self.loads[0]
            first["accounts"].append({"account_id": account, "timezone": "Etc/UTC", "currency": "EUR"})
            for number in range(12):
                first["profiles"].append(
                    {"account_id": account, "profile_id": f"p{number}", "email": f"{number}@x.example"}
                )
            for load, at in enumerate((BEGAN, FIRST)):
                for number in range(70):
                    self.talk(
                        self.loads[load], account, f"{load}-{number}", at + timedelta(hours=self.rng.random() * 60)
                    )
                for number in range(15):
                    self.buy(
                        self.loads[load], account, f"{load}-{number}", at + timedelta(hours=self.rng.random() * 60)
                    )
            for load, article, body in ((0, "password", PASSWORD), (1, "norway", ARTICLE)):
                row = {
                    "account_id": account,
                    "article_id": article,
                    "title": article,
                    "body": body,
                    "is_published": True,
                }
                self.loads[load]["articles"].append(row)

    def talk(self, into: dict[str, list[Row]], account: str, key: str, at: datetime) -> None:
        rng, own = self.rng, {"account_id": account, "conversation_id": key}
        profile = rng.choice([None, *(f"p{number}" for number in range(12))])
        closed = {"closed_at": _text(at + timedelta(hours=2)), "closed_by": "visitor"} if rng.random() < 0.3 else {}
        into["conversations"].append(
            {**own, "channel": "web_chat", "created_at": _text(at), "profile_id": profile, **closed}
        )
        matter = rng.choice(list(MATTERS))
        for number in range(rng.randint(1, 3)):
            if rng.random() < 0.3:
                matter = rng.choice(list(MATTERS))
            text = rng.choice(MATTERS[matter].split("|"))
            self.say(into, own, f"{key}-{number}q", "visitor", at + timedelta(minutes=2 * number), text)
            if rng.random() < 0.8:
                sender = "agent" if rng.random() < 0.9 else "human"
                sources = ["password"] if account == "sourced" and sender == "agent" and rng.random() < 0.4 else None
                reply = rng.choice(REPLIES)
                self.say(into, own, f"{key}-{number}r", sender, at + timedelta(minutes=2 * number + 1), reply, sources)
        if rng.random() < 0.4:
            kind = rng.choice(["offered", "accepted", "message_sent", "human_joined"])
            reason = rng.choice([None, "knowledge_gap", "complaint"])
            when = _text(at + timedelta(minutes=rng.choice([0, 1, 3, 9])))
            step = {"handoff_event_id": key, "type": kind, "occurred_at": when, "reason": reason}
            into["handoff_events"].append({**own, **step})

    def say(
        self,
        into: dict[str, list[Row]],
        own: Row,
        key: str,
        sender: str,
        at: datetime,
        text: str | None,
        sources: Any = None,
    ) -> None:
        row = {"message_id": key, "sender": sender, "sent_at": _text(at), "text": text, "article_ids": sources}
        into["messages"].append({**own, **row})

    def buy(self, into: dict[str, list[Row]], account: str, key: str, at: datetime) -> None:
        own = {"account_id": account, "order_id": key, "placed_at": _text(at)}
        cancelled = {"cancelled_at": _text(at + timedelta(hours=1))} if self.rng.random() < 0.2 else {}
        into["orders"].append({**own, "profile_id": f"p{self.rng.randrange(12)}", "currency": "EUR", **cancelled})
        line = {
            "order_line_id": "1",
            "product_id": "7",
            "quantity": 1,
            "unit_price": str(self.rng.choice([10, 25, 80])),
        }
        into["order_lines"].append({"account_id": account, "order_id": key, **line})


def _text(at: datetime) -> str:
    return at.isoformat()


def _published(home: Home, folder: Path, rows: dict[str, list[Row]], as_of: datetime) -> dict[str, list[Row]]:
    folder.mkdir(parents=True)
    for table, of in rows.items():
        (folder / f"{table}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in of), "utf-8")
    asked = RunRequest(home=str(home.root), path=str(folder), as_of=as_of.isoformat(), max_volume_drop=1.0)
    assert jobs.run(asked).outcome == "published"
    return read_published(home.published_file)


@pytest.mark.parametrize("seed", [1, 2])
def test_what_chapter_8_counts_of_a_random_shop_is_read_twice(tmp_path: Path, seed: int) -> None:
    home, drawn = Home(tmp_path / "home"), Drawn(seed)
    tables = _published(home, tmp_path / "1", drawn.loads[0], FIRST)
    assert differences(tables, turns_of(home), [], FIRST) == ""
    decided = [
        {"account_id": row["account_id"], "topic_id": row["topic_id"], "state": state, "owner": owner, "note": None,
         "decided_at": FIRST + timedelta(hours=1)}
        for row, (state, owner) in zip(
            sorted(tables["knowledge_gap_topics"], key=lambda row: (row["account_id"], row["topic_id"])),
            [("assigned", "Bo"), ("dismissed", None), ("open", None), ("assigned", None)] * 5, strict=False,
        )
    ]  # fmt: skip
    drawn.loads[1]["topic_decisions"] = [{**row, "decided_at": _text(row["decided_at"])} for row in decided]
    tables = _published(home, tmp_path / "2", drawn.loads[1], SECOND)
    assert differences(tables, turns_of(home), decided, SECOND) == ""
    assert len(tables["knowledge_gap_closures"]) > 0
    assert {row["is_gap"] for row in tables["knowledge_gap_topics"]} == {True, False}
    with DuckDBFile(home).read() as reader:
        for account in ("plain", "sourced"):
            listed = [one.topic_id for one in gaps(reader, account, is_all=False, limit=100).topics]
            topics = Account(
                only(tables, account), rows_of(account, turns_of(home)), rows_of(account, decided), SECOND
            ).topics()
            assert listed == ranked(topics)
