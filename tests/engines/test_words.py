"""New words of open lists (rule 2.6): one conversation "Instagram DM" among 12 closed the gate for everybody."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from flows.engines.words import words
from flows.ground.home import Home
from flows.ground.sql import literal
from flows.settings import WordsSettings
from flows.warehouses.duckdb import DuckDBFile
from tests.conftest import Run, write_rows

AS_OF = "2026-06-07T12:00:00Z"
MEANT = '[words.channels]\n"Instagram DM" = "instagram"\n[words.senders]\nhuman_agent = "human"\n'


def channels(home: Home) -> dict[str, int]:
    with DuckDBFile(home).read() as reader:
        return dict(reader.rows("select channel, count(*) from metrics.conversations group by 1"))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    shop = tmp_path / "shop"
    ids = [f"c{number}" for number in range(12)]
    write_rows(shop / "accounts.jsonl", [{"account_id": "a", "timezone": "UTC", "currency": "EUR"}])
    write_rows(
        shop / "conversations.jsonl",
        [
            {
                "account_id": "a",
                "conversation_id": one,
                "channel": "Instagram DM" if one == "c3" else "web_chat",
                "created_at": "2026-06-01T10:00:00Z",
            }
            for one in ids
        ],
    )
    messages = [(one, "visitor", "q") for one in ids] + [("c0", "human_agent", "r")]
    write_rows(
        shop / "messages.jsonl",
        [
            {
                "account_id": "a",
                "message_id": f"{one}{mark}",
                "conversation_id": one,
                "sender": sender,
                "text": "Where is my parcel?",
                "sent_at": "2026-06-01T10:00:00Z",
            }
            for one, sender, mark in messages
        ],
    )
    return shop


def test_a_new_word_waits_with_a_warning_and_counts_once_the_settings_know_it(
    home: Home, run: Run, shop: Path, tmp_path: Path
) -> None:
    result = run(shop, AS_OF)
    assert result.outcome == "published"
    assert channels(home) == {"web_chat": 11}
    assert result.build is not None
    assert result.build.new_words == [
        "conversations, 1 row waits: channel is new to us: Instagram DM"
        " (say in the settings what it means: words.channels)",
        "messages, 1 row waits: sender is new to us: human_agent (say in the settings what it means: words.senders)",
    ]
    with DuckDBFile(home).read() as reader:
        assert reader.rows(
            "select payload->>'channel' from metrics.rejected_rows where \"table\" = 'conversations'"
        ) == [("Instagram DM",)]
        ((status, human),) = reader.rows(
            "select status, human_message_count from metrics.conversations where conversation_id = 'c0'"
        )
        assert (status, human) == ("open", 0)
    settings = tmp_path / "known.toml"
    settings.write_text(MEANT, "utf-8")
    result = run(shop, AS_OF, config=str(settings))
    assert channels(home) == {"web_chat": 11, "instagram": 1}
    assert result.build is not None
    assert not result.build.new_words
    with DuckDBFile(home).read() as reader:
        assert reader.rows("select status from metrics.conversations where conversation_id = 'c0'") == [("routed",)]
        assert reader.rows("select count(*) from metrics.rejected_rows") == [(0,)]


@pytest.mark.parametrize("word", ["it's", 'a "word"', "back\\slash", "\n", "é" * 100])
def test_any_text_can_be_a_word(word: str) -> None:
    read = words("conversations", WordsSettings(channels={word: "voice"}), literal)
    with duckdb.connect() as connection:
        connection.execute("create table given (channel varchar, _refused varchar)")
        connection.execute(
            "insert into given values (?, null), ('fax', null), ('fax', 'tag is wrong'), ('voice', null)", [word]
        )
        rows = connection.execute(f"select {read.of('channel')}, {read.of('_refused')} from given").fetchall()
    assert rows[0] == ("voice", None)
    assert rows[1][1].startswith("channel is new to us: fax (")
    assert rows[2][1] == "tag is wrong"
    assert rows[3] == ("voice", None)
