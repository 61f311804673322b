"""The table of conversations: a page of it, how many there are, which tags they have, and all of them as SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.published.accounts import PublishedAccount
from flows.published.filters import Filters
from flows.published.gaps import visible
from flows.warehouses.reader import Reader

ORDERED_BY = {
    "last_updated": "last_message_at desc",
    "started": "started_at desc",
    "oldest": "started_at",
    "messages": "message_count desc",
    "sales": "attributed_revenue desc",
}
ORDERS = tuple(ORDERED_BY)
QUESTION = 300  # characters of it in a table
MOST_TAGS = 200

PAGE = """
select {columns} from metrics.conversations
where {condition}
order by conversations.{by}, conversations.conversation_id
limit {limit} offset {offset}
"""
VALUES = """
select {column} from metrics.conversations
where account_id = {account} and started_on between {first} and {last} and {column} <> ''
group by {column} order by count(*) desc, {column} limit {limit}
"""
CSV_COLUMNS = (
    "conversation_id",
    "started_at",
    "last_message_at",
    "channel",
    "status",
    "open_reason",
    "tag",
    "rating",
    "profile_id",
    "profile_name",
    "first_question",
    "message_count",
    "link_clicks",
    "add_to_cart_items",
    "attributed_orders",
    "attributed_revenue",
    "net_attributed_revenue",
    "escalation_reason",
    "initial_skill",
    "final_skill",
    "is_recontacted",
    "recontacted_at",
    "recontacted_by",
    "recontact_id",
    "is_deflected",
)


@dataclass(frozen=True)
class Conversation:
    """One row. Instants are UTC; the question is cut to 300 characters; what this reader may not see is None."""

    conversation_id: str
    first_question: str | None
    profile_name: str | None
    profile_id: str | None
    channel: str
    status: str
    open_reason: str | None
    tag: str | None
    message_count: int
    started_at: datetime
    last_message_at: datetime
    attributed_revenue: Decimal


def count(reader: Reader, account: PublishedAccount, filters: Filters) -> int:
    """How many conversations meet the filters."""
    query = f"select count(*) from metrics.conversations where {filters.condition(reader, account)}"
    ((found,),) = reader.rows(query)
    return int(found)


def page(
    reader: Reader,
    account: PublishedAccount,
    filters: Filters,
    *,
    order: str = "last_updated",
    offset: int = 0,
    limit: int = 50,
) -> tuple[Conversation, ...]:
    """Those that meet the filters, in one of ORDERS, ties by id. Raises InputError for an unknown order."""
    if order not in ORDERED_BY:
        raise InputError(f"there is no order {order!r}", where="order", remedy=f"give one of {', '.join(ORDERS)}")
    query = PAGE.format(
        columns=columns(reader),
        condition=filters.condition(reader, account),
        by=ORDERED_BY[order],
        limit=literal(limit),
        offset=literal(offset),
    )
    return tuple(Conversation(**values(row)) for row in reader.rows(query))


def tags(reader: Reader, account: PublishedAccount, first: date, last: date) -> tuple[str, ...]:
    """Tags of conversations that started on these local dates, the most frequent first; 200 at most."""
    return _most_frequent("tag", reader, account, first, last)


def escalation_reasons(reader: Reader, account: PublishedAccount, first: date, last: date) -> tuple[str, ...]:
    """The same of the reasons why they were handed off (rule 3.6)."""
    return _most_frequent("escalation_reason", reader, account, first, last)


def _most_frequent(column: str, reader: Reader, account: PublishedAccount, first: date, last: date) -> tuple[str, ...]:
    query = VALUES.format(
        column=column,
        account=literal(account.account_id),
        first=literal(first),
        last=literal(last),
        limit=literal(MOST_TAGS),
    )
    return tuple(value for (value,) in reader.rows(query))


def csv_query(reader: Reader, account: PublishedAccount, filters: Filters) -> str:
    """SQL for all rows that meet the filters, whole, the newest first; columns that this reader may not see are out."""
    return (
        f"select {', '.join(f'conversations.{one}' for one in csv_columns(reader))} from metrics.conversations"
        f" where {filters.condition(reader, account)}"
        " order by conversations.last_message_at desc, conversations.conversation_id"
    )


def csv_columns(reader: Reader) -> tuple[str, ...]:
    """The columns of `csv_query`, in its order."""
    return tuple(one for one in CSV_COLUMNS if reader.sees("metrics.conversations", one))


def columns(reader: Reader) -> str:
    """The columns of a Conversation as SQL, in its order."""
    question = visible(
        reader, "conversations", "first_question", f"substr(conversations.first_question, 1, {QUESTION})"
    )
    name = visible(reader, "conversations", "profile_name", "conversations.profile_name")
    plain = [f"conversations.{one}" for one in tuple(Conversation.__dataclass_fields__)[3:]]
    told = visible(reader, "conversations", "open_reason", "conversations.open_reason")
    plain[plain.index("conversations.open_reason")] = told
    return ", ".join(["conversations.conversation_id", question, name, *plain])


def values(row: tuple[Any, ...]) -> dict[str, Any]:
    """Fields of a Conversation, from a row of its columns."""
    named = dict(zip(Conversation.__dataclass_fields__, row, strict=False))
    instants = {name: named[name].astimezone(UTC) for name in ("started_at", "last_message_at")}
    return {**named, **instants, "attributed_revenue": Decimal(named["attributed_revenue"])}
