"""Every conversation: its status and what follows from it, and that it is the sum of its messages and steps."""

from __future__ import annotations

from expectations.verdict import Check

T = "conversations"

# How many messages each sender wrote, and when; system messages are not counted (3.2).
_THREADS = """
        select
            account_id,
            conversation_id,
            count(*) filter (where sender = 'visitor') as visitor_messages,
            count(*) filter (where sender = 'agent') as agent_messages,
            count(*) filter (where sender = 'human') as human_messages,
            min(sent_at) filter (where sender = 'visitor') as first_visitor_message_at,
            max(sent_at) filter (where sender <> 'system') as last_counted_message_at
        from {checked[messages]}
        group by account_id, conversation_id"""

# The first hand-off (3.4) among steps and messages by a person, and whether one other than message_sent happened.
_HANDOFFS = """
        select
            account_id,
            conversation_id,
            min(happened_at) as first_handoff_at,
            bool_or(kind <> 'message_sent') as is_routed
        from (
            select account_id, conversation_id, type as kind, occurred_at as happened_at
            from {checked[handoff_steps]}
            where type in ('accepted', 'ticket_created', 'message_sent', 'human_joined')
            union all
            select account_id, conversation_id, sender as kind, sent_at as happened_at
            from {checked[messages]}
            where sender = 'human'
        ) as handoffs
        group by account_id, conversation_id"""

CHECKS = [
    Check(
        T,
        "conversations are all those that a shopper started",
        """
        select delivered.account_id, delivered.conversation_id, delivered.created_at
        from {delivered_conversations} as delivered
        semi join {intermediate}.int_accounts as accounts on delivered.account_id = accounts.account_id
        semi join (
            select account_id, conversation_id from {delivered_messages}
            where sender = 'visitor' and sent_at <= {as_of}
        ) as messages
            on delivered.account_id = messages.account_id
            and delivered.conversation_id = messages.conversation_id
        anti join {checked[conversations]} as published
            on delivered.account_id = published.account_id
            and delivered.conversation_id = published.conversation_id
        where delivered.created_at <= {as_of}""",
        rule="3.1",
    ),
    Check(
        T,
        "conversations count the messages of their threads",
        f"""
        select conversations.*, visitor_messages, agent_messages, human_messages
        from {{checked[conversations]}} as conversations
        left join ({_THREADS}
        ) as threads
            on conversations.account_id = threads.account_id
            and conversations.conversation_id = threads.conversation_id
        where
            visitor_message_count is distinct from visitor_messages
            or agent_message_count is distinct from agent_messages
            or human_message_count is distinct from human_messages
            or message_count is distinct from visitor_messages + agent_messages + human_messages
            or visitor_message_count < 1""",
        rule="3.2",
    ),
    Check(
        T,
        "conversations start with the first message of the shopper and end with the last one",
        f"""
        select conversations.*, first_visitor_message_at, last_counted_message_at
        from {{checked[conversations]}} as conversations
        left join ({_THREADS}
        ) as threads
            on conversations.account_id = threads.account_id
            and conversations.conversation_id = threads.conversation_id
        where
            started_at is distinct from first_visitor_message_at
            or last_message_at is distinct from last_counted_message_at""",
        rule="3.1",
    ),
    Check(
        T,
        "conversations are routed or closed exactly where a hand-off says so, since the first one",
        f"""
        select conversations.*, first_handoff_at, is_routed
        from {{checked[conversations]}} as conversations
        left join ({_HANDOFFS}
        ) as handoffs
            on conversations.account_id = handoffs.account_id
            and conversations.conversation_id = handoffs.conversation_id
        where
            (status = 'routed') <> coalesce(is_routed, false)
            or (status = 'closed') <> coalesce(not is_routed, false)
            or handed_off_at is distinct from first_handoff_at""",
        rule="3.5",
    ),
    Check(
        T,
        "conversations.legacy_status follows from the status",
        """
        select * from {checked[conversations]}
        where legacy_status is distinct from case status
            when 'resolved' then 'resolved_by_ai'
            when 'routed' then 'unresolved_by_ai'
            when 'closed' then 'unresolved_by_ai'
            else 'open' end""",
        rule="3.7",
    ),
    Check(
        T,
        "conversations.handoff_method follows from the status, and only what was handed over has a reason or a ticket",
        """
        select * from {checked[conversations]}
        where
            handoff_method is distinct from case status when 'routed' then 'ticket' when 'closed' then 'message' end
            or (status in ('resolved', 'open') and escalation_reason is not null)
            or (status <> 'routed' and (ticket_platform is not null or ticket_id is not null))""",
        rule="3.6",
    ),
    Check(
        T,
        "conversations that are closed say when and by whom, and those that are resolved are closed",
        """
        select * from {checked[conversations]}
        where
            (closed_at is null) <> (closed_by is null)
            or (status = 'resolved' and closed_at is null)
            or (closed_by = 'handoff' and status <> 'routed')
            or (closed_by <> 'handoff' and closed_at < last_message_at)""",
        rule="3.3",
    ),
    Check(
        T,
        "conversations.open_reason tells what is not closed from what is closed on a message of the shopper's",
        """
        select conversations.*, last_sender
        from {checked[conversations]} as conversations
        left join (
            select account_id, conversation_id, max_by(sender, position) as last_sender
            from {checked[messages]}
            where sender <> 'system'
            group by account_id, conversation_id
        ) as threads
            on conversations.account_id = threads.account_id and conversations.conversation_id = threads.conversation_id
        where
            open_reason is distinct from case
                when status = 'open' and closed_at is null then 'running'
                when status = 'open' then 'unanswered' end
            or (open_reason = 'unanswered' and last_sender is distinct from 'visitor')""",
        rule="3.5",
    ),
    Check(
        T,
        "conversations time out after the hours of their account, and none is closed later",
        """
        select conversations.*, accounts.auto_close_hours
        from {checked[conversations]} as conversations
        join {intermediate}.int_accounts as accounts on conversations.account_id = accounts.account_id
        where
            closed_at > last_message_at + auto_close_hours * interval '1' hour
            or (closed_by = 'timeout' and closed_at < last_message_at + auto_close_hours * interval '1' hour)
            or (closed_at is null and last_message_at + auto_close_hours * interval '1' hour <= {as_of})""",
        rule="3.3",
    ),
    Check(
        T,
        "conversations count the clicks and carts of their interactions",
        """
        select conversations.*, clicks, items
        from {checked[conversations]} as conversations
        left join (
            select
                account_id,
                conversation_id,
                count(*) filter (where type in ('product_card_click', 'link_click')) as clicks,
                sum(quantity) filter (where type = 'add_to_cart') as items
            from {checked[interactions]}
            group by account_id, conversation_id
        ) as interactions
            on conversations.account_id = interactions.account_id
            and conversations.conversation_id = interactions.conversation_id
        where
            link_clicks is distinct from coalesce(clicks, 0)
            or add_to_cart_items is distinct from coalesce(items, 0)""",
        rule="6.3",
    ),
    Check(
        T,
        "conversations that are deflected end with a text of the agent",
        """
        select conversations.* from {checked[conversations]} as conversations
        left join (
            select
                account_id, conversation_id, max_by(sender, position) as last_sender,
                max_by(coalesce(text, ''), position) as last_text
            from {checked[messages]}
            where sender <> 'system'
            group by account_id, conversation_id
        ) as threads
            on conversations.account_id = threads.account_id and conversations.conversation_id = threads.conversation_id
        where is_deflected and (last_sender is distinct from 'agent' or coalesce(last_text, '') = '')""",
        rule="13.5",
    ),
]
