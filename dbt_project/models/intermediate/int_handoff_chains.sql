{{ config(materialized='table') }}

-- The conversations of this build with a step of a hand-off or a message by a person, and the instants of it (13.1).
with conversations as (
    {{ changed_rows(ref('int_conversations'), 'changed_conversations') }}
),

tickets as (
    {{ changed_rows(ref('int_tickets'), 'changed_conversations') }}
),

chains as (
    select
        conversations.account_id, conversations.conversation_id, conversations.timezone,
        conversations.channel, conversations.tag, conversations.final_skill as skill, conversations.agent,
        steps.escalation_reason as reason, conversations.profile_id,
        coalesce(
            profiles.given_email, {{ unless_blank('known.email') }}, {{ unless_blank('started.email') }}
        ) as email,
        conversations.handoff_method as method, conversations.ticket_platform as platform, conversations.ticket_id,
        tickets.matched_by, tickets.reopen_count, tickets.satisfaction,
        steps.last_word, steps.is_asked_for, steps.handoff_message_at is not null as is_message_sent, steps.is_message_ours,
        tickets.ticket_id is not null as is_ticket_known,
        least(steps.first_step_at, messages.first_human_message_at) as began_at,
        steps.offered_at, steps.accepted_at, steps.declined_at, conversations.handed_off_at,
        steps.ticket_created_at as created_at,
        least(steps.human_joined_at, messages.first_human_message_at) as replied_at,
        case
            when tickets.ticket_id is not null then tickets.solved_at
            when conversations.closed_by = 'human' then conversations.closed_at
        end as solved_at,
        conversations.times_out_at, messages.first_automatic_at, messages.last_automatic_at
    from conversations
    inner join {{ ref('int_started_conversations') }} as started
        on conversations.account_id = started.account_id and conversations.conversation_id = started.conversation_id
    inner join {{ ref('int_conversation_profiles') }} as profiles
        on conversations.account_id = profiles.account_id and conversations.conversation_id = profiles.conversation_id
    inner join {{ ref('int_message_facts') }} as messages
        on conversations.account_id = messages.account_id and conversations.conversation_id = messages.conversation_id
    left join {{ ref('int_handoff_facts') }} as steps
        on conversations.account_id = steps.account_id and conversations.conversation_id = steps.conversation_id
    left join {{ ref('stg_profiles') }} as known
        on conversations.account_id = known.account_id and conversations.profile_id = known.profile_id
    left join tickets
        on
            conversations.account_id = tickets.account_id
            and conversations.conversation_id = tickets.conversation_id
            and conversations.ticket_platform = tickets.platform
            and conversations.ticket_id = tickets.ticket_id
)

select *
from chains
where began_at is not null
