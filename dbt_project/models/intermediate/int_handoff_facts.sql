{{ config(materialized='table') }}

-- What the hand-off steps of a conversation say about it (3.4, 3.6, 13.1), of the conversations of this build; a human's message is in
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
    count(*) filter (where type = 'message_sent' and is_derived) > 0 as is_message_ours,
    min(occurred_at) filter (where type = 'ticket_created' and platform in ('zendesk', 'gorgias')) as helpdesk_ticket_at,
    coalesce(
        min_by(reason, step) filter (where type in {{ handoff_types() }} and reason is not null),
        min_by(reason, step) filter (where type = 'offered' and reason is not null)
    ) as escalation_reason,
    nullif(min_by(coalesce(platform, ''), step) filter (where type = 'ticket_created'), '') as ticket_platform,
    nullif(min_by(coalesce(ticket_id, ''), step) filter (where type = 'ticket_created'), '') as ticket_id,
    max_by(type, step) filter (where type in ('accepted', 'declined')) as last_word,
    count(*) filter (where reason = 'shopper_request') > 0 as is_asked_for,
    min(occurred_at) filter (where type <> 'email_provided') as first_step_at,
    min(occurred_at) filter (where type = 'offered') as offered_at,
    min(occurred_at) filter (where type = 'accepted') as accepted_at,
    max(occurred_at) filter (where type = 'declined') as declined_at,
    min(occurred_at) filter (where type = 'ticket_created') as ticket_created_at,
    min(occurred_at) filter (where type = 'human_joined') as human_joined_at
from steps
group by account_id, conversation_id
