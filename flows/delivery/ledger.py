"""The ledger of deliveries: what was handed over to whom. A SQLite file of the home, which every step is written to
before and after it is done, so that a delivery that was killed goes on where it stood.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from flows.ground.errors import StorageFailed

VERSION = 2
SECONDS_TO_WAIT = 30.0  # for a process that reads or writes at this very moment
NOT_PULLED = "('hubspot')"  # helpdesks whose tickets no source delivers
KEPT_RUNS = 100  # of one delivery
SCHEMA = """
create table streams (  -- since when a destination gets a kind of message, and what of it is delivered
    account_id text, destination text, kind text, since text not null, publication_id text,
    primary key (account_id, destination, kind)
) without rowid;
create table messages (  -- state: sending, waiting, sent, dead, dropped
    account_id text, destination text, message_id text, kind text not null, about text not null, at text not null,
    state text not null, tries integer not null, next_try_at text, changed_at text not null, reason text, body text,
    primary key (account_id, destination, message_id)
) without rowid;
create index messages_about on messages (account_id, destination, about);
create index messages_open on messages (account_id, destination, kind, state) where state <> 'sent';
create table lists (  -- without a list_id: it is being made, or was when we were stopped
    account_id text, segment text, name text not null, list_id text, began_at text not null, looked_at text,
    primary key (account_id, segment)
) without rowid;
create table members (  -- state: adding, in, removing, removed, by_hand, not_added, not_removed
    account_id text, segment text, profile_id text, target_id text, state text not null, reason text,
    changed_at text not null, primary key (account_id, segment, profile_id)
) without rowid;
create index members_target on members (account_id, segment, target_id);
create table others (  -- who was in a list without us when it was looked at
    account_id text, segment text, target_id text, primary key (account_id, segment, target_id)
) without rowid;
create table runs (
    run_id integer primary key, account_id text not null, destination text not null, kind text not null,
    key text not null, ended_at text not null, outcome text not null, size integer, figures text not null, reason text
);
create index runs_of on runs (account_id, destination, kind, key, run_id);
"""
HANDOFFS = """
create table handoffs (  -- state: creating, waiting, created, refused, dropped; ticket_id: where the platform tells it
    account_id text, conversation_id text, channel text not null, destination text not null, method text not null,
    accepted_at text not null, state text not null, tries integer not null, next_try_at text, changed_at text not null,
    ticket_id text, reason text, primary key (account_id, conversation_id)
) without rowid;
create index handoffs_open on handoffs (account_id, state) where state in ('creating', 'waiting', 'refused')
"""
STEPS = (SCHEMA, HANDOFFS)  # from version 0 to 1, from 1 to 2


class Ledger:
    """The file, opened; every statement is durable when it returns, those within `together` when that ends.

    A ledger that is not there yet is made, unless it is only to be read: then it is empty, and nothing is kept.
    """

    def __init__(self, file: Path, *, is_read_only: bool = False) -> None:
        """Raises StorageFailed."""
        self._file = file
        try:
            self._db = self._opened(file, is_read_only=is_read_only)
            self._db.execute("pragma temp_store = file")
            self._db.execute("pragma synchronous = full")
            (version,) = self.row("pragma user_version")
            if version < VERSION:
                self._renew(is_read_only=is_read_only)
        except (sqlite3.Error, OSError) as error:
            remedy = "bring it back from a backup; without it deliveries begin anew (docs/deliveries.md)"
            raise StorageFailed(f"the ledger cannot be read ({error})", where=str(file), remedy=remedy) from error
        if version > VERSION:
            what = f"the ledger is of a newer version ({version}, this one knows {VERSION})"
            raise StorageFailed(what, where=str(file), remedy="use the newer version of customer-agent-metrics")

    def _renew(self, *, is_read_only: bool) -> None:
        """Make the tables that are missing, of a file that is only read for as long as it is open."""
        if is_read_only:
            (version,) = self.row("pragma user_version")
            for statement in ";\n".join(STEPS[version:]).split(";\n"):
                self._db.execute(
                    statement.replace("create table", "create temp table").replace("index ", "index temp.")
                )
            return
        with self.together():
            (version,) = self.row("pragma user_version")  # another process may have been faster
            for statement in ";\n".join(STEPS[version:]).split(";\n"):
                self._db.execute(statement)
            self._db.execute(f"pragma user_version = {max(version, VERSION)}")

    @staticmethod
    def _opened(file: Path, *, is_read_only: bool) -> sqlite3.Connection:
        if not is_read_only:
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))  # it holds what is told of people
            return sqlite3.connect(file, timeout=SECONDS_TO_WAIT, isolation_level=None)
        if not file.exists() or not file.stat().st_size:
            return sqlite3.connect(":memory:", isolation_level=None)
        there = file.absolute().as_uri()
        if file.with_name(f"{file.name}-journal").exists():  # whoever wrote was killed: only a writer can undo its half
            with suppress(sqlite3.Error), closing(sqlite3.connect(f"{there}?mode=rw", uri=True)) as mended:
                mended.execute("select count(*) from sqlite_master")
        return sqlite3.connect(f"{there}?mode=ro", uri=True, timeout=SECONDS_TO_WAIT, isolation_level=None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()
        if isinstance(error, sqlite3.Error):
            what = f"the ledger cannot be written ({error})"
            raise StorageFailed(what, where=str(self._file), remedy="see to the disk") from error

    @contextmanager
    def together(self, *, is_aside: bool = False) -> Iterator[None]:
        """All statements within, or none of them. `is_aside`: they write to temporary tables alone, and whoever else
        has something to write does not wait for them.
        """
        self._db.execute("begin" if is_aside else "begin immediate")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    def run(self, sql: str, *values: Any) -> int:
        """One statement; how many rows it changed."""
        return self._db.execute(sql, values).rowcount

    def run_for(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """One statement for each of these rows."""
        self._db.executemany(sql, rows)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> tuple[Any, ...]:
        """The only row of a query that always has one."""
        row: tuple[Any, ...] = self._db.execute(sql, values).fetchone()
        return row


def now() -> str:
    """The present as the ledger writes it: UTC, to the microsecond, so that texts sort as instants do."""
    return stamp(datetime.now(UTC))


def stamp(instant: datetime) -> str:
    """An instant as the ledger writes it."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def sent_follow_ups(file: Path) -> list[tuple[str, str, datetime]]:
    """The follow-ups that some destination has got: account, conversation, and when the first one had it.

    Raises StorageFailed.
    """
    if not file.exists():
        return []
    with Ledger(file, is_read_only=True) as ledger:
        found = ledger.rows(
            """select account_id, about, min(changed_at) from messages
            where kind = 'follow_up' and state = 'sent' group by 1, 2 order by 1, 2"""
        )
    return [(account, conversation, datetime.fromisoformat(at)) for account, conversation, at in found]


@dataclass(frozen=True)
class HandedOver:
    """A hand-off that somebody has, and of which no source tells: an event, or a ticket that is not pulled.

    `method` is ticket or message; a message has no platform. `delivered_at` is UTC.
    """

    account: str
    conversation_id: str
    method: str
    platform: str | None
    ticket_id: str | None
    delivered_at: datetime


def handoffs_delivered(file: Path) -> list[HandedOver]:
    """The hand-offs of which the ledger alone knows that somebody has them. Raises StorageFailed."""
    if not file.exists():
        return []
    with Ledger(file, is_read_only=True) as ledger:
        found = ledger.rows(
            f"""select account_id, conversation_id, method, destination, ticket_id, changed_at from handoffs
            where state = 'created' and (ticket_id is null or destination in {NOT_PULLED}) order by 1, 2"""
        )
    return [
        HandedOver(account, conversation, method, _platform(method, to, ticket), ticket, datetime.fromisoformat(at))
        for account, conversation, method, to, ticket, at in found
    ]


def _platform(method: str, destination: str, ticket_id: str | None) -> str | None:
    """Where the ticket is: an event of no message stands for one of Klaviyo's inbox."""
    if method == "message":
        return None
    return destination if ticket_id else "klaviyo_inbox"
