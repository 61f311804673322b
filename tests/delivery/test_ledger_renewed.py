"""A ledger of an earlier version goes on with what it has."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from flows.delivery.handoffs.book import entries
from flows.delivery.ledger import SCHEMA, VERSION, Ledger, sent_follow_ups
from flows.ground.errors import StorageFailed

SENT = ("shop", "webhook:crm", "follow_up/shop/c1", "follow_up", "c1", "2026-06-07T12:00:00.000000Z")


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """A ledger as version 1 left it."""
    file = tmp_path / "deliveries.sqlite3"
    with closing(sqlite3.connect(file)) as there:
        there.executescript(SCHEMA)
        there.execute(
            "insert into messages values (?, ?, ?, ?, ?, ?, 'sent', 0, null, ?, null, null)", (*SENT, SENT[5])
        )
        there.execute("pragma user_version = 1")
        there.commit()
    return file


def version_of(file: Path) -> int:
    with closing(sqlite3.connect(file)) as there:
        (version,) = there.execute("pragma user_version").fetchone()
    return int(version)


def test_a_ledger_of_version_1_is_renewed_by_the_first_delivery(first: Path) -> None:
    with Ledger(first) as ledger:
        assert entries(ledger) == []
    assert version_of(first) == VERSION
    assert [one[:2] for one in sent_follow_ups(first)] == [("shop", "c1")]
    with Ledger(first) as ledger:
        assert ledger.row("select count(*) from messages") == (1,)


def test_a_ledger_that_is_only_read_stays_as_it_is(first: Path) -> None:
    before = first.read_bytes()
    with Ledger(first, is_read_only=True) as ledger:
        assert entries(ledger) == []
        assert ledger.row("select count(*) from messages") == (1,)
    assert first.read_bytes() == before


def test_a_renewal_that_is_killed_has_not_begun(first: Path) -> None:
    with closing(sqlite3.connect(first)) as there:
        there.execute("create table handoffs (x text)")  # in the way of the last step
        there.commit()
    with pytest.raises(StorageFailed):
        Ledger(first)
    assert version_of(first) == 1


def test_a_ledger_of_a_newer_version_is_left_alone(first: Path) -> None:
    with closing(sqlite3.connect(first)) as there:
        there.execute(f"pragma user_version = {VERSION + 1}")
        there.commit()
    with pytest.raises(StorageFailed, match="newer version"):
        Ledger(first)
