"""One key with several parents in one delivery: its rows replaced each other without a word."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from flows.ground.progress import Silent
from flows.lake import Lake
from flows.lake.parents import PARENTS
from flows.sources.api import Batch, Client, Row, pull
from flows.sources.files import pull as pull_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MESSAGES = "account_id,message_id,conversation_id,sender,sent_at\n"
LINES = "account_id,order_line_id,order_id,product_id,quantity,unit_price\n"
SEVERAL = "s in one delivery, of which only the newest row counts: "


def pulled(folder: Path, tmp_path: Path, **files: str) -> list[str]:
    for name, text in files.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number, part in enumerate(text.split("---\n")):
            (folder / name / f"{number}.csv").write_text(part, "utf-8")
    return pull_files(folder, Lake(tmp_path / "lake"), Silent()).warnings


def test_a_message_of_two_conversations_is_named_also_across_files(tmp_path: Path) -> None:
    row = "a,{},{},agent,2026-01-01\n".format
    text = MESSAGES + row("m1", "c1") + row("m2", "c1") + "---\n" + MESSAGES + row("m1", "c2") + row("m2", "c1")
    assert pulled(tmp_path / "in", tmp_path, messages=text) == [
        f"messages: message_ids with several conversation_id{SEVERAL}m1 of account a (c1 and c2)"
    ]


def test_lines_numbered_anew_in_each_order_are_named_with_their_number(tmp_path: Path) -> None:
    """The usual way to it: an export that counts lines from 1 in every order."""
    text = LINES + "".join(f"a,{line},o{order},p,1,1\n" for order in range(3) for line in range(1, 6))
    (warning,) = pulled(tmp_path / "in", tmp_path, order_lines=text)
    assert warning.startswith(f"order_lines: order_line_ids with several order_id{SEVERAL}")
    assert warning.count(" of account a (o0 and o2)") == 3
    assert warning.endswith(", and 2 more")


def test_other_accounts_refused_rows_and_repeated_rows_are_no_doubt(tmp_path: Path) -> None:
    rows = "a,m,c1,agent,2026-01-01\nb,m,c2,agent,2026-01-01\na,m,c3,agent,never\na,m,c1,human,2026-01-02\n"
    assert pulled(tmp_path / "in", tmp_path, messages=MESSAGES + rows) == []


@pytest.mark.parametrize("table", PARENTS)
def test_what_comes_from_an_api_is_looked_at_too(table: str, lake: Lake) -> None:
    warnings = pull("klaviyo", _Gives(table), lake, Silent(), minutes=1).warnings
    assert len(warnings) == 1
    assert f"{PARENTS[table]}{SEVERAL}x of account a (p1 and p2)" in warnings[0]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


class _Gives(Client):
    """Two rows of one key, with different parents."""

    account = "a"

    def __init__(self, table: str) -> None:
        self.rereads = timedelta(0)
        self._table = table

    def check(self) -> str:
        return ""

    def read(self, *_: object) -> Iterator[Batch]:
        yield Batch(list(self._rows()), {"at": "1"})

    def _rows(self) -> Sequence[Row]:
        moment = {"sent_at": "2026-01-01", "occurred_at": "2026-01-01"}
        kind = {"sender": "agent", "type": "link_click" if self._table == "interactions" else "offered"}
        sold = {"product_id": "p", "quantity": 1, "unit_price": 1}
        key = {"messages": "message_id", "order_lines": "order_line_id"}.get(self._table, f"{self._table[:-1]}_id")
        values = {"account_id": "a", key: "x", **moment, **kind, **sold}
        return [Row(self._table, {**values, PARENTS[self._table]: parent}, {}) for parent in ("p1", "p2")]
