{{ config(meta={'changed_by': 'changed_conversations'}) }}

-- The hand-off events of every started conversation.
select
    steps.account_id, steps.handoff_event_id, steps.conversation_id,
    steps.type, steps.occurred_at, steps.reason, steps.platform, steps.ticket_id
from {{ ref('stg_handoff_events') }} as steps
inner join {{ ref('int_started_conversations') }} as conversations
    on
        steps.account_id = conversations.account_id
        and steps.conversation_id = conversations.conversation_id
where
    steps.occurred_at <= {{ as_of() }}
    {{ only_changed('changed_conversations', ['steps.account_id', 'steps.conversation_id']) }}
