"""One conversation whole: what was said, clicked and handed off, in time order, and what was bought because of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.published.accounts import PublishedAccount
from flows.published.conversations import Conversation, columns, values
from flows.published.evidence import SalesTotals, SoldLine, lines_of, totals_of
from flows.published.gaps import visible
from flows.published.products import Product, products, web_url
from flows.published.wording import check_text
from flows.warehouses.reader import Reader

MOST_ENTRIES = 2000  # and as many sold lines
KINDS = ("message", "interaction", "handoff")  # of one instant in this order
MORE = (
    "closed_at",
    "closed_by",
    "handoff_method",
    "handed_off_at",
    "escalation_reason",
    "ticket_platform",
    "ticket_id",
    "initial_skill",
    "final_skill",
)
BACK = {"recontacted_at": "timestamptz", "recontacted_by": "varchar", "recontact_id": "varchar"}

CONVERSATION = """
select {columns} from metrics.conversations
where conversations.account_id = {account} and conversations.conversation_id = {conversation}
"""
ENTRIES = """
select happened_at, kind, entry_id, what, said, skill, product_ids, product_id, quantity, url, reason, platform,
    ticket_id
from (
    select messages.sent_at as happened_at, 0 as kind, messages.position as place, messages.message_id as entry_id,
        messages.sender as what, {text} as said, messages.skill as skill,
        messages.recommended_product_ids as product_ids, cast(null as varchar) as product_id,
        cast(null as bigint) as quantity, cast(null as varchar) as url, cast(null as varchar) as reason,
        cast(null as varchar) as platform, cast(null as varchar) as ticket_id
    from metrics.messages
    where messages.account_id = {account} and messages.conversation_id = {conversation}
    union all
    select interactions.occurred_at, 1, 0, interactions.interaction_id, interactions.type, null, null, null,
        interactions.product_id, interactions.quantity, {url}, null, null, null
    from metrics.interactions
    where interactions.account_id = {account} and interactions.conversation_id = {conversation}
    union all
    select handoff_steps.occurred_at, 2, 0, handoff_steps.handoff_event_id, handoff_steps.type, null, null, null, null,
        null, null, handoff_steps.reason, handoff_steps.platform, handoff_steps.ticket_id
    from metrics.handoff_steps
    where handoff_steps.account_id = {account} and handoff_steps.conversation_id = {conversation}
) as entries
order by happened_at, kind, place, entry_id
limit {limit}
"""


@dataclass(frozen=True)
class WholeConversation(Conversation):
    """With how it closed (rule 3.3) and what became of its hand-off (3.4 to 3.6). Instants are UTC."""

    closed_at: datetime | None
    closed_by: str | None
    handoff_method: str | None
    handed_off_at: datetime | None
    escalation_reason: str | None
    ticket_platform: str | None
    ticket_id: str | None
    initial_skill: str | None
    final_skill: str | None
    recontacted_at: datetime | None  # of the contact that withdrew it (rule 13.4), as the two that follow
    recontacted_by: str | None
    recontact_id: str | None


@dataclass(frozen=True)
class Ticket:
    platform: str | None
    ticket_id: str | None


@dataclass(frozen=True)
class Entry:
    """What happened `at` an instant in UTC: a message, an interaction or a hand-off step.

    `what` is a message's sender, else the type; `entry_id` the id of either, which touches name. `products` are those
    that a message recommends, or the one of an interaction. `text` and `url` are None where this reader may not see
    them, and a URL that is not of the web is None.
    """

    at: datetime
    kind: str
    entry_id: str
    what: str
    text: str | None
    skill: str | None
    products: tuple[Product, ...]
    quantity: int | None
    url: str | None
    reason: str | None
    ticket: Ticket | None


@dataclass(frozen=True)
class Thread:
    """`is_cut` where there are more than the first 2,000 entries or lines; the totals are of all lines."""

    conversation: WholeConversation
    entries: tuple[Entry, ...]
    sales: tuple[SoldLine, ...]
    totals: SalesTotals
    is_cut: bool


def thread(reader: Reader, account: PublishedAccount, conversation_id: str) -> Thread:
    """The thread. Raises InputError if the account has no such conversation."""
    check_text("conversation", conversation_id)
    asked = {"account": literal(account.account_id), "conversation": literal(conversation_id)}
    conversation = _conversation(reader, asked, conversation_id)
    rows = reader.rows(
        ENTRIES.format(
            **asked,
            text=visible(reader, "messages", "text", "messages.text"),
            url=visible(reader, "interactions", "url", "interactions.url"),
            limit=literal(MOST_ENTRIES + 1),
        )
    )
    known = products(reader, account, (one for row in rows[:MOST_ENTRIES] for one in _product_ids(row)))
    bought = f"sold.account_id = {asked['account']} and sold.conversation_id = {asked['conversation']}"
    totals = totals_of(reader, bought)
    return Thread(
        conversation=conversation,
        entries=tuple(_entry(row, known) for row in rows[:MOST_ENTRIES]),
        sales=lines_of(reader, account, bought, offset=0, limit=MOST_ENTRIES) if totals.lines else (),
        totals=totals,
        is_cut=len(rows) > MOST_ENTRIES or totals.lines > MOST_ENTRIES,
    )


def _conversation(reader: Reader, asked: dict[str, str], conversation_id: str) -> WholeConversation:
    more = ", ".join([*(f"conversations.{one}" for one in MORE), *(_seen(reader, one) for one in BACK)])
    rows = reader.rows(CONVERSATION.format(columns=f"{columns(reader)}, {more}", **asked))
    if not rows:
        what = f"there is no conversation {conversation_id[:100]!r}"
        raise InputError(what, where="conversation", remedy="perhaps the newest publication no longer has it")
    names = (*MORE, *BACK)
    rest = dict(zip(names, rows[0][-len(names) :], strict=True))
    instants = {name: rest[name] and rest[name].astimezone(UTC) for name in names if name.endswith("_at")}
    return WholeConversation(**values(rows[0]), **{**rest, **instants})


def _seen(reader: Reader, column: str) -> str:
    """A column of BACK as SQL; null where a version without it published."""
    seen = reader.sees("metrics.conversations", column)
    return f"conversations.{column}" if seen else f"cast(null as {BACK[column]})"


def _product_ids(row: tuple[Any, ...]) -> list[str]:
    recommended = row[6] or []
    return [*dict.fromkeys(recommended), *([row[7]] if row[7] is not None else [])]


def _entry(row: tuple[Any, ...], known: dict[str, Product]) -> Entry:
    at, kind, entry_id, what, text, skill, _, _, quantity, url, reason, platform, ticket_id = row
    return Entry(
        at=at.astimezone(UTC),
        kind=KINDS[kind],
        entry_id=entry_id,
        what=what,
        text=text,
        skill=skill,
        products=tuple(known[one] for one in _product_ids(row) if one is not None),
        quantity=quantity,
        url=web_url(url),
        reason=reason,
        ticket=Ticket(platform, ticket_id) if platform is not None or ticket_id is not None else None,
    )
