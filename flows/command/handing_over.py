"""What the doctor says of hand-offs: whether tickets can be made, and whether somebody else makes them, too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from flows.command.finding import Finding
from flows.delivery.handoffs.book import entries
from flows.delivery.handoffs.desks import helpdesk
from flows.delivery.ledger import Ledger
from flows.ground.errors import AgentMetricsError
from flows.ground.home import Home
from flows.ground.sql import literal
from flows.ground.text import counted
from flows.published.accounts import accounts as published_accounts
from flows.published.performance import channels_of
from flows.settings import AccountSettings, Settings, credentials
from flows.settings.handoffs import switched_on
from flows.warehouses import configured

CHECK = "hand-offs"
RECENT = timedelta(days=30)
SHOWN = 3
OTHERS = """
select tickets.conversation_id, tickets.platform, tickets.ticket_id from metrics.tickets
where tickets.account_id = {account} and tickets.conversation_id in ({ids})
order by tickets.conversation_id, tickets.created_at, tickets.ticket_id
"""


def handing_over(account: AccountSettings) -> Iterator[Finding]:
    """Ask each helpdesk for something that changes nothing."""
    asked = set[tuple[str, str, str]]()
    for channel, of in switched_on(account.handoffs):
        if of.is_event:
            what = f"{channel} of {account.account_id} goes as an event to {of.destination(account.deliveries)}"
            yield Finding(CHECK, "ok", f"{what}; what becomes of it there is up to a flow there")
            continue
        desk = of.desk(vars(account.sources))
        if (key := (type(desk).__name__, desk.url, repr(desk))) in asked:
            continue
        asked.add(key)
        name = f"{of.platform} of {account.account_id}"
        try:
            yield Finding(CHECK, "ok", f"{name}: {helpdesk(account, of, credentials(), lambda _: None).check()}")
        except AgentMetricsError as error:
            yield Finding(
                CHECK, "problem", f"{name}: {error.what}", error.remedy, is_configuration=error.exit_status == 2
            )


def unheard(settings: Settings, accounts: Sequence[AccountSettings]) -> Iterator[Finding]:
    """Channels of the settings on which nobody ever wrote: a word that is misspelled does nothing, and says nothing.

    Nothing before something is published.
    """
    with suppress(AgentMetricsError), configured(settings)[0].read() as reader:
        published = {one.account_id: one for one in published_accounts(reader)}
        for account in accounts:
            if account.account_id not in published or not account.handoffs:
                continue
            known = channels_of(reader, published[account.account_id])
            if known and (unknown := sorted(set(account.handoffs) - set(known))):
                what = f"{account.account_id} has no conversation on {', '.join(unknown)}, so hand-offs there are none"
                yield Finding(CHECK, "warning", what, f"its channels are {', '.join(known)}; see to the spelling")


def twice(settings: Settings, accounts: Sequence[AccountSettings]) -> Iterator[Finding]:
    """Conversations of the last 30 days that have a ticket of ours and another: two people answer one shopper."""
    for account in accounts:
        if not any(switched_on(account.handoffs)):
            continue
        found = _twice(settings, account.account_id)
        if found:
            some = ", ".join(found[:SHOWN]) + (f" and {len(found) - SHOWN:,} more" if len(found) > SHOWN else "")
            number = counted(len(found), "conversation")
            what = f"{number} of {account.account_id} with a ticket of ours and another: {some}"
            remedy = "let only one side make tickets: method none, or switch it off over there (docs/handoffs.md)"
            yield Finding(CHECK, "warning", what, remedy)


def _twice(settings: Settings, account: str) -> list[str]:
    """The conversations; none before something is published."""
    ours: dict[str, tuple[str, str | None]] = {}
    with Ledger(Home(settings.home).deliveries, is_read_only=True) as ledger:
        for one in entries(ledger, account, state="created", after=datetime.now(UTC) - RECENT):
            if one.method == "ticket":
                ours[one.conversation_id] = (one.destination, one.ticket_id)
    if not ours:
        return []
    there: dict[str, set[tuple[str, str]]] = {}
    with configured(settings)[0].read() as reader:
        if not reader.sees("metrics.tickets", "ticket_id"):
            return []
        query = OTHERS.format(account=literal(account), ids=", ".join(map(literal, ours)))
        for conversation, platform, ticket in reader.rows(query):
            there.setdefault(conversation, set()).add((platform, ticket))
    # What went as an event is one ticket over there, of which nobody told us the id.
    return [
        conversation
        for conversation, tickets in there.items()
        if len(tickets) > 1 or (ours[conversation][1] is not None and ours[conversation] not in tickets)
    ]
