"""The four events: as many as the conversations, statuses and recommendations behind them, at the same instants."""

from __future__ import annotations

from expectations.verdict import Check

_NAMES = {
    "conversation_started": "Started conversation with Customer Agent",
    "conversation_resolved": "Conversation with Customer Agent resolved",
    "conversation_escalated": "Conversation with Customer Agent escalated",
    "product_recommended": "Received product recommendation from Customer Agent",
}


def _one_per(event: str, condition: str, instant: str) -> Check:
    return Check(
        "agent_events",
        f"agent_events has one {event} for each conversation of which it is true, and no other",
        f"""
        select
            coalesce(conversations.account_id, events.account_id) as account_id,
            coalesce(conversations.conversation_id, events.conversation_id) as conversation_id,
            conversations.status, {instant} as should_be_at, events.events, events.occurred_at
        from (select * from {{checked[conversations]}} where {condition}) as conversations
        full join (
            select account_id, conversation_id, count(*) as events, min(occurred_at) as occurred_at
            from {{checked[agent_events]}}
            where event = '{event}'
            group by account_id, conversation_id
        ) as events
            on conversations.account_id = events.account_id
            and conversations.conversation_id = events.conversation_id
        where
            conversations.account_id is null
            or events.events is distinct from 1
            or events.occurred_at is distinct from {instant}""",
        rule="7.1",
    )


CHECKS = [
    _one_per("conversation_started", "true", "conversations.started_at"),
    _one_per("conversation_resolved", "status = 'resolved'", "conversations.closed_at"),
    # The first hand-off that is not a message_sent: at handed_off_at, or after it.
    _one_per(
        "conversation_escalated", "status = 'routed'", "greatest(events.occurred_at, conversations.handed_off_at)"
    ),
    Check(
        "agent_events",
        "agent_events has one product_recommended for each agent message that recommends products",
        """
        select
            coalesce(messages.account_id, events.account_id) as account_id,
            coalesce(messages.conversation_id, events.conversation_id) as conversation_id,
            messages.messages, events.events
        from (
            select account_id, conversation_id, count(*) as messages
            from {checked[messages]}
            where sender = 'agent' and recommended_product_ids is not null
            group by account_id, conversation_id
        ) as messages
        full join (
            select account_id, conversation_id, count(*) as events
            from {checked[agent_events]}
            where event = 'product_recommended'
            group by account_id, conversation_id
        ) as events
            on messages.account_id = events.account_id and messages.conversation_id = events.conversation_id
        where messages.messages is distinct from events.events""",
        rule="7.1",
    ),
    Check(
        "agent_events",
        "agent_events.event_name is the name that marketers know",
        f"""
        select * from {{checked[agent_events]}}
        where event_name is distinct from case event
            {" ".join(f"when '{event}' then '{name}'" for event, name in _NAMES.items())} end""",
        rule="7.3",
    ),
]
