{{ config(materialized='table') }}

-- What the hand-off steps of a conversation say about it (3.4, 3.6), of the conversations of this build; a human's message is in
-- int_message_facts.

with handoff_steps as (
    {{ changed_rows(ref('handoff_steps'), 'changed_conversations') }}
),

steps as (
    select
        *,
        row_number() over (
            partition by account_id, conversation_id
            order by occurred_at, handoff_event_id
        ) as step
    from handoff_steps
)

select
    account_id, conversation_id,
    min(occurred_at) filter (where type in {{ handoff_types() }}) as first_handoff_at,
    min(occurred_at) filter (where type in {{ handoff_types() }} and type <> 'message_sent') as first_routed_at,
    min(occurred_at) filter (where type = 'message_sent') as handoff_message_at,
    min(occurred_at) filter (where type = 'ticket_created' and platform in ('zendesk', 'gorgias')) as helpdesk_ticket_at,
    coalesce(
        min_by(reason, step) filter (where type in {{ handoff_types() }} and reason is not null),
        min_by(reason, step) filter (where type = 'offered' and reason is not null)
    ) as escalation_reason,
    nullif(min_by(coalesce(platform, ''), step) filter (where type = 'ticket_created'), '') as ticket_platform,
    nullif(min_by(coalesce(ticket_id, ''), step) filter (where type = 'ticket_created'), '') as ticket_id
from steps
group by account_id, conversation_id
