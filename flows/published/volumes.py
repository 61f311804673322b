"""How much happened in a range, counted the three ways that people ask for: conversations, shoppers and events."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from flows.ground.sql import literal
from flows.published.accounts import PublishedAccount
from flows.published.events import EVENTS
from flows.published.filters import one_of
from flows.warehouses.reader import Reader

CONVERSATIONS = """
select count(*), count(distinct profile_id), count(*) filter (where profile_id is null)
from metrics.conversations
where account_id = {account} and started_on between {first} and {last} and {channels}
"""
OF_EVENTS = """
select event, count(*) from metrics.agent_events
where account_id = {account} and {happened} and {channels}
group by event
"""


@dataclass(frozen=True)
class Volumes:
    """Conversations that started in a range of local dates (rule 6.1), the known shoppers in them, each once (rule
    4.2), the conversations of whom nobody knows, and the events that happened in it, by each of EVENTS (rule 7.1).
    """

    conversations: int
    shoppers: int
    anonymous_conversations: int
    events: dict[str, int]

    def to_json_dict(self) -> dict[str, Any]:
        return asdict(self)


def volumes(
    reader: Reader, account: PublishedAccount, first: date, last: date, *, channels: tuple[str, ...] = ()
) -> Volumes:
    """Of the local dates `first` to `last`, both included; of all channels, or of these."""
    values = {
        "account": literal(account.account_id),
        "first": literal(first),
        "last": literal(last),
        "happened": account.on_dates("occurred_at", first, last),
        "channels": f"channel in {one_of(channels)}" if channels else "true",
    }
    ((conversations, shoppers, anonymous),) = reader.rows(CONVERSATIONS.format(**values))
    found = dict(reader.rows(OF_EVENTS.format(**values)))
    return Volumes(conversations, shoppers, anonymous, {event: found.get(event, 0) for event in EVENTS})
