{{ config(materialized='view') }}

-- The first instant after as-of at which time alone changes a figure (1.3): a row comes to count, or a conversation times out.
{% set times = [
    ('stg_conversations', 'created_at'), ('stg_conversations', 'closed_at'), ('stg_messages', 'sent_at'),
    ('stg_handoff_events', 'occurred_at'), ('stg_interactions', 'occurred_at'), ('stg_visitors', 'seen_at'),
    ('stg_tickets', 'created_at'), ('stg_tickets', 'first_human_reply_at'), ('stg_tickets', 'solved_at'),
    ('stg_source_counts', 'counted_at'), ('stg_topic_decisions', 'decided_at'), ('stg_product_events', 'occurred_at'),
    ('int_handoffs_delivered', 'delivered_at'),
    ('int_orders', 'placed_at'), ('int_orders', 'cancelled_at')
] %}
with ahead as (
    {% for table, event_time in times %}
    select min({{ event_time }}) as instant
    from {{ ref(table) }}
    where {{ event_time }} > {{ as_of() }}
    union all
    {% endfor %}
    select min(conversations.times_out_at) as instant
    from {{ ref('int_conversations') }} as conversations
    left join {{ ref('handoffs') }} as waiting
        on
            conversations.account_id = waiting.account_id
            and conversations.conversation_id = waiting.conversation_id
            and waiting.outcome = 'waiting'
    where
        conversations.times_out_at > {{ as_of() }}
        and (conversations.closed_by is null or waiting.outcome is not null)
)

select min(instant) as next_change_at
from ahead
