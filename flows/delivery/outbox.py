"""Messages to one destination: each is written down before it goes out and when it has arrived, and goes once.

    sending ──▶ sent
       │  └───▶ dead      refused, or failed too often; kept with its reason until it is replayed
       └──────▶ waiting   failed; tried again after a while
    waiting ──▶ dropped   it is not wanted any more

Messages that were on their way when the delivery was killed stand as `sending`, and go again under the same id, by
which the other side knows them: only one of them can have arrived.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from flows.delivery.ledger import Ledger, now, stamp
from flows.delivery.message import Kind, Message
from flows.ground.errors import SourceRefused, SourceUnavailable

DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360, 720, 1440))  # before tries 2 to 8
ENOUGH = 3  # failures in a row after which the destination is left alone until the next run
OF = "account_id = ?1 and destination = ?2"


class Outbox:
    """The messages of a kind to one destination of one account; `of` narrows them to what is about one thing."""

    def __init__(
        self, ledger: Ledger, account: str, destination: str, kind: Kind | Literal["segment"], of: str | None = None
    ) -> None:
        self._ledger, self._key, self._kind, self._of = ledger, (account, destination), kind, of
        self._stream = kind if of is None else f"{kind}/{of}"
        self.sent = self.dropped = 0
        self.refused = dict[str, int]()
        self.error: SourceUnavailable | None = None
        self._failures = 0

    def since(self) -> datetime | None:
        """Since when the destination gets such messages; None before it got any."""
        rows = self._ledger.rows(f"select since from streams where {OF} and kind = ?3", *self._key, self._stream)
        return datetime.fromisoformat(rows[0][0]) if rows else None

    def begin(self, since: datetime) -> None:
        """From this instant on; what was before is history."""
        self._ledger.run("insert into streams values (?, ?, ?, ?, null)", *self._key, self._stream, stamp(since))

    def has_all_of(self, publication_id: str) -> bool:
        """Whether everything of this publication is in the ledger."""
        rows = self._ledger.rows(
            f"select publication_id from streams where {OF} and kind = ?3", *self._key, self._stream
        )
        return bool(rows) and rows[0][0] == publication_id

    def finish(self, publication_id: str) -> None:
        """Everything of this publication is in the ledger."""
        sql = f"update streams set publication_id = ?4 where {OF} and kind = ?3"
        self._ledger.run(sql, *self._key, self._stream, publication_id)

    def is_new(self, one: Message) -> bool:
        """Whether the ledger does not know it."""
        known = f"select exists (select 1 from messages where {OF} and message_id = ?3)"
        return not self._ledger.row(known, *self._key, one.message_id)[0]

    @property
    def gives_up(self) -> bool:
        """Whether the destination does not answer."""
        return self._failures >= ENOUGH

    def times(self, about: str) -> tuple[int, datetime | None]:
        """How many messages about a thing there were, and of when the last one is."""
        number, last = self._ledger.row(
            f"select count(*), max(at) from messages where {OF} and about = ?3", *self._key, about
        )
        return number, datetime.fromisoformat(last) if last else None

    def unfinished(self) -> list[tuple[str, Message]]:
        """Those whose sending was interrupted or is to be tried again now, each with what it is about."""
        rows = self._ledger.rows(
            f"""select about, body from messages where {OF} and kind = ?3
            and (state = 'sending' or (state = 'waiting' and next_try_at <= ?4)) and (?5 is null or about = ?5)
            order by at, message_id""",
            *self._key,
            self._kind,
            now(),
            self._of,
        )
        return [(about, read(body)) for about, body in rows]

    def left(self) -> int:
        """How many have not arrived yet and will be tried again."""
        (number,) = self._ledger.row(
            f"""select count(*) from messages where {OF} and kind = ?3 and state in ('sending', 'waiting')
            and (?4 is null or about = ?4)""",
            *self._key,
            self._kind,
            self._of,
        )
        return int(number)

    def drop(self, messages: Sequence[Message], reason: str) -> None:
        """Not wanted any more."""
        for one in messages:
            self._set(one.message_id, "dropped", reason=reason)
        self.dropped += len(messages)

    def deliver(self, messages: Sequence[tuple[str, Message]], send: Callable[[Message], None]) -> None:
        """Send each, with what it is about; what fails waits. Ends early where the destination does not answer."""
        rows = [
            (*self._key, one.message_id, self._kind, about, stamp(one.at), now(), json.dumps(written(one)))
            for about, one in messages
        ]
        with self._ledger.together():
            self._ledger.run_for(
                """insert into messages values (?, ?, ?, ?, ?, ?, 'sending', 0, null, ?, null, ?)
                on conflict do update set state = 'sending', changed_at = excluded.changed_at""",
                rows,
            )
        for _, one in messages:
            if not self.gives_up:
                self._send(one, send)

    def _send(self, one: Message, send: Callable[[Message], None]) -> None:
        try:
            send(one)
        except SourceRefused as refused:
            self._refuse(one, refused, str(refused))
        except SourceUnavailable as error:
            self.error, self._failures = error, self._failures + 1
            query = f"select tries from messages where {OF} and message_id = ?3"
            tries = self._ledger.row(query, *self._key, one.message_id)[0] + 1
            if tries > len(DELAYS):
                self._refuse(one, error, f"{error} ({tries} tries)")
                return
            after = stamp(datetime.now(UTC) + DELAYS[tries - 1])
            self._set(one.message_id, "waiting", reason=str(error), next_try_at=after, tries=tries)
        else:
            self._failures = 0
            self.sent += 1
            self._set(one.message_id, "sent", body=None)

    def _refuse(self, one: Message, error: SourceUnavailable, reason: str) -> None:
        self.refused[error.what] = self.refused.get(error.what, 0) + 1
        self._set(one.message_id, "dead", reason=reason)

    def _set(self, message_id: str, state: str, **columns: Any) -> None:
        """The contents go when the message has arrived: they are of people."""
        names = ["state", "changed_at", *columns]
        settings = ", ".join(f"{name} = ?{place}" for place, name in enumerate(names, 4))
        self._ledger.run(
            f"update messages set {settings} where {OF} and message_id = ?3",
            *self._key,
            message_id,
            state,
            now(),
            *columns.values(),
        )


def written(one: Message) -> dict[str, Any]:
    """A message as JSON holds it."""
    return {**asdict(one), "at": stamp(one.at)}


def read(body: str) -> Message:
    """A message as the ledger has it."""
    one = Message(**json.loads(body))
    return replace(one, at=datetime.fromisoformat(str(one.at)))
