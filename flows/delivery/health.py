"""How deliveries are: when each was last made, what waits or was refused, and what somebody should look at."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.delivery.ledger import Ledger
from flows.delivery.message import FOLDER, KLAVIYO
from flows.ground.clock import utc_text
from flows.ground.saying import Text

if TYPE_CHECKING:  # pydantic, which `status` has no need of
    from flows.settings import AccountSettings
    from flows.settings.deliveries import DeliverySettings

QUIET = timedelta(days=3)  # without a delivery that went well
QUIET_HANDOFFS = timedelta(hours=1)  # people wait, and hand-offs that no run has seen are not in the ledger
JUMP, FEW = 2, 50  # a list that grew or shrank so many times, by so many members at least
MANY_REFUSED = 0.1  # of the members of a list: a few are always unknown over there
WENT_WELL = ("delivered", "nothing_new")
OUTCOMES = {
    "planned": "planned",
    "delivered": "delivered",
    "nothing_new": "unchanged",
    "held": "held",
    "failed": "failed",
}
KINDS = {
    "segment": "segments",
    "event": "events",
    "follow_up": "follow-ups",
    "segment_change": "who entered and left",
    "handoff": "hand-offs",
}
REFUSED = {
    "member": ("%(count)s member refused", "%(count)s members refused"),
    "message": ("%(count)s message refused", "%(count)s messages refused"),
    "hand-off": ("%(count)s hand-off refused", "%(count)s hand-offs refused"),
}
LONG = timedelta(minutes=30)  # for a shopper who waits for a person


@dataclass(frozen=True)
class Health:
    """One delivery that is switched on. None: it was never made. `refused` are messages or members, `size` members.

    `concerns` say what should be looked at, a `str` in the words of the destination; a delivery without any is as it
    should be.
    """

    account: str
    destination: str
    kind: str
    key: str
    last_at: datetime | None
    outcome: str | None
    size: int | None
    waiting: int
    refused: int
    concerns: tuple[Text | str, ...]

    def to_json_dict(self) -> dict[str, Any]:
        return {**vars(self), "last_at": utc_text(self.last_at), "concerns": list(map(str, self.concerns))}


def health(accounts: Sequence[AccountSettings], file: Path) -> tuple[Health, ...]:
    """Of every delivery that the settings name. Raises StorageFailed where the ledger cannot be read."""
    wanted = [(one.account_id, *delivery) for one in accounts for delivery in switched_on(one)]
    if not wanted:
        return ()
    with Ledger(file, is_read_only=True) as ledger:
        return tuple(_of(ledger, *delivery) for delivery in wanted)


def switched_on(account: AccountSettings) -> Iterator[tuple[str, str, str]]:
    """Destination, kind and key of each delivery."""
    to = account.deliveries
    named: list[tuple[str, DeliverySettings | None]] = [(KLAVIYO, to.klaviyo), (FOLDER, to.folder)]
    for name, one in [*named, *((f"webhook:{one.name}", one) for one in to.webhooks)]:
        if one is None:
            continue
        kind = "segment" if name in {KLAVIYO, FOLDER} else "segment_change"
        yield from ((name, kind, key) for key in one.segments)
        if one.events:
            yield name, "event", ""
        if one.follow_ups:
            yield name, "follow_up", ""
    desks = {one.destination(to): None for one in account.handoffs.values() if one.method != "none"}
    yield from ((name, "handoff", "") for name in desks)


def _of(ledger: Ledger, account: str, destination: str, kind: str, key: str) -> Health:
    runs = ledger.rows(
        """select ended_at, outcome, size, figures, reason from runs
        where account_id = ? and destination = ? and kind = ? and key = ? order by run_id desc""",
        account,
        destination,
        kind,
        key,
    )
    is_list = kind == "segment" and destination == KLAVIYO
    what, oldest = "member" if is_list else "message", None
    if kind == "handoff":
        what = "hand-off"
        refused, waiting, oldest = ledger.row(
            """select count(*) filter (where state = 'refused'), count(*) filter (where state <> 'refused'),
                min(accepted_at)
            from handoffs indexed by handoffs_open
            where account_id = ? and destination = ? and state in ('creating', 'waiting', 'refused')""",
            account,
            destination,
        )
    elif is_list:
        refused, waiting = ledger.row(
            """select count(*) filter (where state in ('not_added', 'not_removed')),
                count(*) filter (where state in ('adding', 'removing'))
            from members where account_id = ? and segment = ?""",
            account,
            key,
        )
    else:
        refused, waiting = ledger.row(
            """select count(*) filter (where state = 'dead'), count(*) filter (where state in ('waiting', 'sending'))
            from messages
            where account_id = ?1 and destination = ?2 and kind = ?3 and state <> 'sent' and (?4 = '' or about = ?4)""",
            account,
            destination,
            kind,
            key,
        )
    last_at = datetime.fromisoformat(runs[0][0]) if runs else None
    size = next((size for _, _, size, _, _ in runs if size is not None), None)
    return Health(
        account,
        destination,
        kind,
        key,
        last_at,
        runs[0][1] if runs else None,
        size,
        waiting,
        refused,
        (*_concerns(runs, refused, what, QUIET_HANDOFFS if kind == "handoff" else QUIET), *_waits(oldest)),
    )


def _waits(oldest: str | None) -> Iterator[Text]:
    """A shopper who waits for a person is not let wait for a day of delays."""
    if oldest and datetime.now(UTC) - datetime.fromisoformat(oldest) > LONG:
        yield Text.of(
            "the oldest hand-off waits for its ticket since %(instant)s", instant=datetime.fromisoformat(oldest)
        )


def _concerns(runs: Sequence[tuple[Any, ...]], refused: int, what: str, quiet: timedelta) -> Iterator[Text | str]:
    if not runs:
        yield Text.of("it is switched on and was never made")
        return
    _, outcome, _, _, reason = runs[0]
    if outcome not in WENT_WELL:
        yield reason or Text(OUTCOMES.get(outcome, outcome))
    size = next((size for _, _, size, _, _ in runs if size is not None), 0)
    if refused and (what != "member" or refused > MANY_REFUSED * (refused + size)):
        yield Text.many(refused, *REFUSED[what])
    well = [datetime.fromisoformat(at) for at, outcome, *_ in runs if outcome in WENT_WELL]
    newest = max(well, default=None)
    if newest is None or datetime.now(UTC) - newest > quiet:
        if newest is None:
            yield Text.of("no delivery ever went well")
        else:
            yield Text.of("no delivery went well since %(instant)s", instant=newest)
    sizes = [size for _, outcome, size, _, _ in runs if size is not None and outcome in WENT_WELL][:2]
    if len(sizes) == 2 and abs(sizes[0] - sizes[1]) >= FEW and max(sizes) >= JUMP * min(sizes):
        yield Text.of("the list jumped from %(before)s to %(now)s members", before=sizes[1], now=sizes[0])


def dead(ledger: Ledger, account: str | None = None) -> list[dict[str, Any]]:
    """The messages that were refused or failed too often, the newest last, with their contents."""
    rows = ledger.rows(
        """select account_id, destination, kind, message_id, at, tries, changed_at, reason, body from messages
        where state = 'dead' and (?1 is null or account_id = ?1) order by changed_at, message_id""",
        account,
    )
    names = ("account", "destination", "kind", "message_id", "at", "tries", "failed_at", "reason", "message")
    return [dict(zip(names, (*row[:-1], json.loads(row[-1])), strict=True)) for row in rows]


def replay(ledger: Ledger, messages: Sequence[str] | None, account: str | None) -> int:
    """Let dead messages, or those of these ids, go again with the next delivery; how many there are."""
    only = "" if messages is None else f" and message_id in ({', '.join('?' * len(messages))})"
    return ledger.run(
        f"""update messages set state = 'waiting', tries = 0, next_try_at = changed_at
        where state = 'dead' and (? is null or account_id = ?){only}""",
        account,
        account,
        *(messages or ()),
    )
