"""Threads, and everything else that belongs to a conversation: complete, in order, and never without its parents."""

from __future__ import annotations

from expectations.shape import TABLES
from expectations.verdict import Check

_OF_CONVERSATIONS = [
    "messages",
    "interactions",
    "handoff_steps",
    "agent_events",
    "attributed_order_lines",
    "knowledge_gap_questions",
]
_OF_ACCOUNTS = [
    name
    for name, table in TABLES.items()
    if name not in ("accounts", "held_back_rows", *_OF_CONVERSATIONS) and "account_id" in table.key
]


def _has_its_conversation(table: str) -> Check:
    return Check(
        table,
        f"{table} belong to conversations that are published",
        f"""
        select children.* from {{checked[{table}]}} as children
        anti join {{metrics}}.conversations as parents
            on children.account_id = parents.account_id and children.conversation_id = parents.conversation_id""",
        rule="3.1",
    )


def _has_its_account(table: str) -> Check:
    return Check(
        table,
        f"{table} belong to accounts that are published",
        f"""
        select children.* from {{checked[{table}]}} as children
        anti join {{metrics}}.accounts as parents on children.account_id = parents.account_id""",
        rule="2.3",
    )


def _is_dated(table: str, date: str, instant: str) -> Check:
    # A time zone takes long to look up for millions of rows. Between the first and the last instant of a date every
    # instant is of that date, so these two are looked up.
    return Check(
        table,
        f"{table}.{date} is the date in the account's timezone",
        f"""
        select rows.*, accounts.timezone
        from (
            select account_id, {date}, min({instant}) as first_at, max({instant}) as last_at
            from {{checked[{table}]}}
            group by account_id, {date}
        ) as rows
        join {{intermediate}}.int_accounts as accounts on rows.account_id = accounts.account_id
        where
            {date} <> {{local_date:first_at, accounts.timezone}}
            or {date} <> {{local_date:last_at, accounts.timezone}}""",
        rule="1.1",
    )


CHECKS = [
    Check(
        "messages",
        "messages are all those that were delivered for the conversations",
        """
        select conversations.account_id, conversations.conversation_id, delivered_messages, published_messages
        from {checked[conversations]} as conversations
        left join (
            select account_id, conversation_id, count(*) as delivered_messages
            from {delivered_messages}
            where sent_at <= {as_of}
            group by account_id, conversation_id
        ) as delivered
            on conversations.account_id = delivered.account_id
            and conversations.conversation_id = delivered.conversation_id
        left join (
            select account_id, conversation_id, count(*) as published_messages
            from {checked[messages]}
            group by account_id, conversation_id
        ) as published
            on conversations.account_id = published.account_id
            and conversations.conversation_id = published.conversation_id
        where delivered_messages is distinct from published_messages""",
        rule="2.1",
    ),
    Check(
        "messages",
        "messages.position counts from 1 in the order of sending",
        """
        select * from (
            select
                *,
                row_number() over (
                    partition by account_id, conversation_id order by sent_at, message_id
                ) as position_by_time
            from {checked[messages]}
        ) as ordered
        where position <> position_by_time""",
        rule="3.2",
    ),
    _is_dated("conversations", "started_on", "started_at"),
    _is_dated("messages", "sent_on", "sent_at"),
    _is_dated("interactions", "occurred_on", "occurred_at"),
    _is_dated("tickets", "created_on", "created_at"),
    _is_dated("handoffs", "began_on", "began_at"),
    _is_dated("orders", "placed_on", "placed_at"),
    _is_dated("order_lines", "placed_on", "placed_at"),
    *(_has_its_conversation(table) for table in _OF_CONVERSATIONS),
    *(_has_its_account(table) for table in _OF_ACCOUNTS),
]
