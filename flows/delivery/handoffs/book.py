"""The ledger of hand-offs: each is written down before its ticket is made and when it has been, so it is made once.

    creating ──▶ created
       │  └────▶ refused   not taken, or failed too often; kept with its reason until somebody tries it again
       └───────▶ waiting   failed; tried again after a while
    any ───────▶ dropped   nobody waits for it any more

A hand-off that stands as `creating` was interrupted: nobody knows whether its ticket is there, so it is looked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows.delivery.handoffs.wanted import Handoff
from flows.delivery.ledger import Ledger, now, stamp
from flows.delivery.outbox import DELAYS
from flows.ground.errors import SourceUnavailable

STATES = ("creating", "waiting", "refused", "created", "dropped")
COLUMNS = """conversation_id, channel, destination, method, accepted_at, state, tries, next_try_at, changed_at,
    ticket_id, reason"""
OF = "account_id = ?1 and conversation_id = ?2"
UNFINISHED = "state in ('creating', 'waiting', 'refused')"  # as the index has it, which is for these alone
OPEN = "handoffs indexed by handoffs_open"  # few of many; SQLite would read all of the account


@dataclass(frozen=True)
class Entry:
    """What the ledger has of a hand-off. `destination` is a platform, or a delivery that gets it as an event."""

    account: str
    conversation_id: str
    channel: str
    destination: str
    method: str
    accepted_at: datetime
    state: str
    tries: int
    next_try_at: datetime | None
    changed_at: datetime
    ticket_id: str | None
    reason: str | None


class Book:
    """The hand-offs of one account."""

    def __init__(self, ledger: Ledger, account: str) -> None:
        self._ledger, self._account = ledger, account

    def since(self, channel: str) -> datetime | None:
        """Since when hand-offs of a channel become something; None before that."""
        rows = self._ledger.rows(*self._stream("select since", channel))
        return datetime.fromisoformat(rows[0][0]) if rows else None

    def begin(self, channel: str, since: datetime) -> None:
        """From this instant on; what was accepted before is history."""
        key = (self._account, "handoffs", f"handoff/{channel}")
        self._ledger.run("insert into streams values (?, ?, ?, ?, null)", *key, stamp(since))

    def has_all_of(self, channel: str, publication_id: str) -> bool:
        """Whether everything of this publication has been seen to."""
        rows = self._ledger.rows(*self._stream("select publication_id", channel))
        return bool(rows) and rows[0][0] == publication_id

    def finish(self, channel: str, publication_id: str) -> None:
        """Everything of this publication has been seen to."""
        sql = "update streams set publication_id = ?4 where account_id = ?1 and destination = ?2 and kind = ?3"
        self._ledger.run(sql, self._account, "handoffs", f"handoff/{channel}", publication_id)

    def is_new(self, conversation_id: str) -> bool:
        """Whether the ledger does not know it."""
        known = f"select exists (select 1 from handoffs where {OF})"
        return not self._ledger.row(known, self._account, conversation_id)[0]

    def open(self, destination: str, *, failed: bool) -> list[Entry]:
        """Those that were interrupted or are to be tried again now; with `failed` all that wait or were refused."""
        return self._entries(
            f"""destination = ?2 and {UNFINISHED}
            and (state = 'creating' or (state = 'waiting' and next_try_at <= ?3) or ?4)""",
            destination,
            now(),
            failed,
        )

    def refused(self, destination: str) -> list[Entry]:
        return self._entries(f"destination = ?2 and {UNFINISHED} and state = 'refused'", destination)

    def left(self, destination: str) -> int:
        """How many will be tried again."""
        (number,) = self._ledger.row(
            f"""select count(*) from {OPEN}
            where account_id = ? and destination = ? and {UNFINISHED} and state <> 'refused'""",
            self._account,
            destination,
        )
        return int(number)

    def start(self, one: Handoff, destination: str, method: str) -> None:
        """Its ticket is being made from now on."""
        self._ledger.run(
            f"""insert into handoffs (account_id, {COLUMNS})
            values (?1, ?2, ?3, ?4, ?5, ?6, 'creating', 0, null, ?7, null, null)
            on conflict do update set state = 'creating', changed_at = excluded.changed_at""",
            self._account,
            one.conversation_id,
            one.channel,
            destination,
            method,
            stamp(one.accepted_at),
            now(),
        )

    def created(self, conversation_id: str, ticket_id: str | None) -> None:
        self._set(conversation_id, "created", ticket_id=ticket_id, reason=None)

    def failed(self, conversation_id: str, error: SourceUnavailable) -> bool:
        """It can pass by: tried again after a while, and refused when that did not help for days; whether it waits."""
        tries = self._ledger.row(f"select tries from handoffs where {OF}", self._account, conversation_id)[0] + 1
        if tries > len(DELAYS):
            self.refuse(conversation_id, f"{error} ({tries} tries)")
            return False
        after = stamp(datetime.now(UTC) + DELAYS[tries - 1])
        self._set(conversation_id, "waiting", reason=str(error), next_try_at=after, tries=tries)
        return True

    def refuse(self, conversation_id: str, reason: str) -> None:
        self._set(conversation_id, "refused", reason=reason)

    def drop(self, conversation_id: str, reason: str) -> None:
        self._set(conversation_id, "dropped", reason=reason)

    def leave_behind(self, destinations: Sequence[str]) -> None:
        """What was to go elsewhere and has not is not made anywhere: its ticket may be there already."""
        self._ledger.run(
            f"""update {OPEN} set state = 'dropped', changed_at = ?,
                reason = 'hand-offs do not go to ' || destination || ' any more; look whether it has this one'
            where account_id = ? and {UNFINISHED} and destination not in ({", ".join("?" * len(destinations))})""",
            now(),
            self._account,
            *destinations,
        )

    def _set(self, conversation_id: str, state: str, **columns: Any) -> None:
        names = ["state", "changed_at", *columns]
        settings = ", ".join(f"{name} = ?{place}" for place, name in enumerate(names, 3))
        values = (state, now(), *columns.values())
        self._ledger.run(f"update handoffs set {settings} where {OF}", self._account, conversation_id, *values)

    def _entries(self, condition: str, *values: Any) -> list[Entry]:
        sql = f"""select account_id, {COLUMNS} from {OPEN} where account_id = ?1 and {condition}
        order by accepted_at, conversation_id"""
        return [read(row) for row in self._ledger.rows(sql, self._account, *values)]

    def _stream(self, what: str, channel: str) -> tuple[str, str, str, str]:
        sql = f"{what} from streams where account_id = ? and destination = ? and kind = ?"
        return sql, self._account, "handoffs", f"handoff/{channel}"


def entries(
    ledger: Ledger,
    account: str | None = None,
    *,
    state: str | None = None,
    conversation_id: str | None = None,
    after: datetime | None = None,
    limit: int | None = None,
) -> list[Entry]:
    """The hand-offs of one account or of all, in the order of `STATES`, who accepted first before the others.

    `after`: those alone that changed later.
    """
    rank = " ".join(f"when '{one}' then {number}" for number, one in enumerate(STATES))
    sql = f"""select account_id, {COLUMNS} from handoffs
    where {_of(account)} and (?2 is null or state = ?2) and (?3 is null or conversation_id = ?3) and changed_at > ?4
    order by case state {rank} end, accepted_at, account_id, conversation_id limit ?5"""
    asked = account, state, conversation_id, stamp(after) if after else "", -1 if limit is None else limit
    return [read(row) for row in ledger.rows(sql, *asked)]


def refused_of(file: Path, account: str) -> tuple[Entry, ...]:
    """The hand-offs of an account of which no ticket was taken, who waits longest first. Raises StorageFailed."""
    if not file.exists():
        return ()
    with Ledger(file, is_read_only=True) as ledger:
        return tuple(entries(ledger, account, state="refused"))


def counts(ledger: Ledger, account: str | None) -> dict[str, int]:
    """How many hand-offs are in each state."""
    return dict(ledger.rows(f"select state, count(*) from handoffs where {_of(account)} group by state", account))


def oldest(ledger: Ledger, account: str | None) -> datetime | None:
    """When the one who waits longest for a ticket accepted."""
    (at,) = ledger.row(f"select min(accepted_at) from {OPEN} where {_of(account)} and {UNFINISHED}", account)
    return datetime.fromisoformat(at) if at else None


def _of(account: str | None) -> str:
    return "?1 is null" if account is None else "account_id = ?1"


def retry(ledger: Ledger, conversations: Sequence[str] | None, account: str | None) -> int:
    """Let hand-offs that were refused or wait for their next try, or those of these conversations, go with the next
    run; how many there are.
    """
    only = "" if conversations is None else f" and conversation_id in ({', '.join('?' * len(conversations))})"
    return ledger.run(
        f"""update {OPEN} set state = 'waiting', tries = 0, next_try_at = changed_at
        where {UNFINISHED} and state <> 'creating' and (? is null or account_id = ?){only}""",
        account,
        account,
        *(conversations or ()),
    )


def read(row: tuple[Any, ...]) -> Entry:
    """A row of the account's id and the `COLUMNS`."""
    account, conversation, channel, destination, method, accepted, state, tries, next_try, changed, ticket, reason = row
    instant = datetime.fromisoformat
    return Entry(
        account, conversation, channel, destination, method, instant(accepted), state, tries,
        instant(next_try) if next_try else None, instant(changed), ticket, reason,
    )  # fmt: skip
