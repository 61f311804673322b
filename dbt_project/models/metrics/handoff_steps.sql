{{ config(meta={'month_of': 'occurred_at'}) }}

-- The hand-off events of every started conversation.
with steps as (
    {{ changed_rows(ref('stg_handoff_events'), 'changed_conversations') }}
),

conversations as (
    {{ changed_rows(ref('int_started_conversations'), 'changed_conversations') }}
)

select
    steps.account_id, steps.handoff_event_id, steps.conversation_id,
    steps.type, steps.occurred_at, steps.reason, steps.platform, steps.ticket_id
from steps
inner join conversations
    on
        steps.account_id = conversations.account_id
        and steps.conversation_id = conversations.conversation_id
where steps.occurred_at <= {{ as_of() }}
