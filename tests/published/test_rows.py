"""`agent-metrics rows`: what was refused and what waits was a count; nobody could tell which row it was."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from flows.command.main import main
from flows.ground.errors import InputError
from flows.ground.home import Home
from flows.published.rows import rejected_rows, waiting_rows
from tests.gaps.shop import HOSTILE, publish_to
from tests.published.conftest import Read
from tests.published.shop import Shop

SINCE = datetime(2026, 6, 7, 11, tzinfo=UTC)
NUL = '{"account_id": "other", "text": "\\u0000"}'


def shop_with_rows() -> Shop:
    shop = Shop()
    for number in range(3):
        ids = {"row_id": f"m{number}", "parent_table": "conversations", "parent_id": HOSTILE}
        waits = {"account_id": "shop", "table": "messages", **ids, "source": "files"}
        shop.rows["held_back_rows"].append({**waits, "waiting_since": SINCE + timedelta(minutes=number)})
    ids = {"row_id": "p", "parent_table": "accounts", "parent_id": "it's new"}
    waits = {"account_id": "it's new", "table": "profiles", **ids, "source": "files"}
    shop.rows["held_back_rows"].append({**waits, "waiting_since": SINCE})
    for number, payload in enumerate(['{"account_id":"it\'s new"}', NUL, '"no object"']):
        at = SINCE + timedelta(minutes=number)
        row = {"table": "messages", "source": "files", "reason": HOSTILE, "payload": payload, "rejected_at": at}
        shop.rows["rejected_rows"].append({"rejected_row_id": f"r{number}", **row})
    return shop


def test_rows_are_found_by_account_and_table_the_newest_first(read: Read) -> None:
    reader = read(shop_with_rows())
    found = waiting_rows(reader, None, "messages", 2)
    assert (found.count, [row.to_json_dict()["row_id"] for row in found.rows]) == (3, ["m2", "m1"])
    (row,) = waiting_rows(reader, "it's new", None, 20).rows
    assert row.to_json_dict() == {
        "account_id": "it's new",
        "table": "profiles",
        "row_id": "p",
        "parent_table": "accounts",
        "parent_id": "it's new",
        "source": "files",
        "waiting_since": "2026-06-07T11:00:00Z",
    }
    assert rejected_rows(reader, None, "orders", 20).rows == ()
    assert [row.to_json_dict()["rejected_row_id"] for row in rejected_rows(reader, None, None, 20).rows] == [
        *("r2", "r1", "r0")
    ]
    for account, row_id in {"it's new": "r0", "other": "r1"}.items():
        (refused,) = rejected_rows(reader, account, None, 20).rows
        assert refused.to_json_dict()["rejected_row_id"] == row_id


def test_a_limited_reader_sees_no_payload_and_cannot_ask_for_an_account(read_limited: Read) -> None:
    reader = read_limited(shop_with_rows())
    found = rejected_rows(reader, None, None, 1).rows[0].to_json_dict()
    assert (found["rejected_row_id"], found["reason"], found["payload"]) == ("r2", None, None)
    assert waiting_rows(reader, None, None, 20).count == 4
    with pytest.raises(InputError, match="withheld"):
        rejected_rows(reader, "other", None, 20)


def test_the_commands_show_strangers_texts_harmless(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    publish_to(Home(tmp_path / "home"), shop_with_rows())
    for verb, first in (("waiting", "m2 of shop, from files, waits for conversations <script>"), ("rejected", "r")):
        assert main(["rows", verb, "--home", str(tmp_path / "home"), "--limit", "1"]) == 0
        out = capsys.readouterr().out
        assert first in out
        assert "--limit shows more" in out
        assert not {"\x1b", "\r", "\u202e"} & set(out)
    assert main(["rows", "rejected", "--home", str(tmp_path / "home"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["count"], document["rows"][1]["payload"], document["exit_status"]) == (3, NUL, 0)


def test_none_is_said_plainly_and_what_is_asked_wrong_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = Home(tmp_path / "home")
    assert main(["rows", "waiting", "--home", str(home.root)]) == 2
    assert "nothing is published yet" in capsys.readouterr().err
    publish_to(home, Shop())
    assert main(["rows", "rejected", "--home", str(home.root)]) == 0
    assert capsys.readouterr().out == "No row was refused.\n"
    assert main(["rows", "waiting", "--home", str(home.root), "--table", "orders", "--account", "a"]) == 0
    assert capsys.readouterr().out == "No row of orders of account a waits for its parent.\n"
    assert main(["rows", "waiting", "--home", str(home.root), "--table", "bots"]) == 2
    assert "there is no landing table 'bots'" in capsys.readouterr().err


def test_a_publication_of_an_earlier_version_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = Home(tmp_path / "home")
    publish_to(home, Shop())
    with duckdb.connect(str(home.published_file)) as connection:
        connection.execute("drop table metrics.held_back_rows")
    assert main(["rows", "waiting", "--home", str(home.root)]) == 2
    assert "comes from a version that did not name rows that wait" in capsys.readouterr().err
