"""How hand-offs stand: what the ledger has of them, and those that wait before it has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from flows.delivery.handoffs.book import Book, Entry, counts, entries, oldest
from flows.delivery.handoffs.transcript import body
from flows.delivery.handoffs.wanted import accepted, known_handoffs, those_of, tickets
from flows.delivery.ledger import Ledger
from flows.ground.clock import utc_text
from flows.ground.errors import InputError
from flows.ground.home import Home
from flows.settings import AccountSettings, Settings
from flows.settings.handoffs import switched_on
from flows.warehouses import configured
from flows.warehouses.reader import Reader

STATES = ("no_email", "next", "creating", "waiting", "refused", "created", "dropped")
IN_LEDGER = STATES[2:]


@dataclass(frozen=True)
class Standing:
    """A hand-off. Before the ledger has it, it is `next`, or `no_email` for as long as nobody knows an address.

    `changed_at` is None for these, and for the same reason there are no tries.
    """

    account: str
    conversation_id: str
    channel: str
    destination: str
    method: str
    state: str
    accepted_at: datetime
    tries: int = 0
    next_try_at: datetime | None = None
    changed_at: datetime | None = None
    ticket_id: str | None = None
    reason: str | None = None

    def to_json_dict(self) -> dict[str, Any]:
        instants = {name: utc_text(getattr(self, name)) for name in ("accepted_at", "next_try_at", "changed_at")}
        return asdict(self) | instants


@dataclass(frozen=True)
class Standings:
    """`counts` are of all, `rows` some; `oldest_waiting_at` is when the one who waits longest for a person accepted."""

    counts: Mapping[str, int]
    oldest_waiting_at: datetime | None
    rows: tuple[Standing, ...]
    found: int

    def to_json_dict(self) -> dict[str, Any]:
        return {
            "counts": dict(self.counts),
            "oldest_waiting_at": utc_text(self.oldest_waiting_at),
            "handoffs": [one.to_json_dict() for one in self.rows],
        }


@dataclass(frozen=True)
class Whole:
    """One hand-off, and the text of its ticket, where the conversation is still published."""

    standing: Standing
    ticket: str | None

    def to_json_dict(self) -> dict[str, Any]:
        return {"handoff": self.standing.to_json_dict(), "ticket": self.ticket}


def handoffs(settings: Settings, account: str | None, state: str | None, limit: int) -> Standings:
    """Those of one account or of all, who waits longest first. Raises InputError for an account without settings."""
    with Ledger(Home(settings.home).deliveries, is_read_only=True) as ledger:
        before = _before(settings, ledger, account)
        counted = Counter(counts(ledger, account)) + Counter(one.state for one in before)
        waiting = [*(one.accepted_at for one in before), *filter(None, [oldest(ledger, account)])]
        found = [one for one in before if state in {None, one.state}]
        found.sort(key=lambda one: (STATES.index(one.state), one.accepted_at, one.account, one.conversation_id))
        if state is None or state in IN_LEDGER:
            found += [_of(one) for one in entries(ledger, account, state=state, limit=limit)]
    number = counted.total() if state is None else counted[state]
    return Standings({one: counted[one] for one in STATES}, min(waiting, default=None), tuple(found[:limit]), number)


def handoff(settings: Settings, account: str | None, conversation_id: str) -> Whole:
    """One of them. Raises InputError where there is none, or one in several accounts."""
    with Ledger(Home(settings.home).deliveries, is_read_only=True) as ledger:
        found = [one for one in _before(settings, ledger, account) if one.conversation_id == conversation_id]
        found += [_of(one) for one in entries(ledger, account, conversation_id=conversation_id)]
    if not found:
        what = f"nothing became of a hand-off of the conversation {conversation_id[:100]!r}"
        raise InputError(what, remedy="`agent-metrics handoffs list` shows those that there are")
    if len(found) > 1:
        names = ", ".join(one.account for one in found)
        raise InputError(f"several accounts have it: {names}", where="--account", remedy="name one of them")
    (one,) = found
    with configured(settings)[0].read() as reader:
        known = those_of(reader, one.account, [conversation_id]) if _knows(reader) else {}
        text = next((body(of) for of in tickets(reader, list(known.values()), settings.dashboard.url)), None)
    return Whole(one, text)


def _before(settings: Settings, ledger: Ledger, account: str | None) -> list[Standing]:
    """Those that the ledger does not have yet. Raises InputError for an account without settings."""
    accounts = [one for one in settings.accounts if account in {None, one.account_id}]
    if account is not None and not accounts:
        raise InputError(f"the settings have no account {account!r}", where="--account", remedy="correct its id")
    handed = [one for one in accounts if any(switched_on(one.handoffs))]
    if not handed:
        return []
    with configured(settings)[0].read() as reader:
        return [one for of in handed for one in _new(reader, ledger, of)] if _knows(reader) else []


def _new(reader: Reader, ledger: Ledger, account: AccountSettings) -> Iterator[Standing]:
    book, now = Book(ledger, account.account_id), datetime.now(UTC)
    of = dict(switched_on(account.handoffs))
    since = {channel: begun for channel in of if (begun := book.since(channel))}
    for one in accepted(reader, account.account_id, since, now):
        if book.is_new(one.conversation_id):
            to = of[one.channel]
            state = "next" if one.email else "no_email"
            yield Standing(
                one.account, one.conversation_id, one.channel, to.destination(account.deliveries), to.method, state,
                one.accepted_at,
            )  # fmt: skip


def _of(entry: Entry) -> Standing:
    return Standing(**vars(entry))


def _knows(reader: Reader) -> bool:
    try:
        known_handoffs(reader)
    except InputError:
        return False
    return True
