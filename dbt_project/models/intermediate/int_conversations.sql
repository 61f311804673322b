{{ config(meta={'changed_by': 'changed_conversations', 'month_of': 'started_on'}) }}

-- A conversation with all that its own rows say about it: status (3.5), hand-off (3.4, 3.6), closing, shopper.
-- depends_on: {{ ref('changed_contacts_before') }}
with conversations as (
    {{ changed_rows(ref('int_started_conversations'), 'changed_conversations') }}
),

facts as (
    select
        conversations.*,
        profiles.profile_id as known_profile_id,
        closings.closed_at as ended_at, closings.closed_by as ended_by, closings.times_out_at,
        messages.message_count, messages.visitor_message_count, messages.agent_message_count, messages.human_message_count,
        messages.last_message_at, messages.last_sender, messages.first_question, messages.initial_skill, messages.final_skill,
        coalesce({{ is_elsewhere('messages.sent_to', 'conversations.channel') }}, false) as is_deflected,
        least(handoffs.first_handoff_at, messages.first_human_message_at) as handed_off_at,
        least(handoffs.first_routed_at, messages.first_human_message_at) as routed_at,
        handoffs.handoff_message_at, handoffs.escalation_reason, handoffs.ticket_platform, handoffs.ticket_id
    from conversations
    inner join {{ ref('int_conversation_profiles') }} as profiles
        on conversations.account_id = profiles.account_id and conversations.conversation_id = profiles.conversation_id
    inner join {{ ref('int_closings') }} as closings
        on conversations.account_id = closings.account_id and conversations.conversation_id = closings.conversation_id
    inner join {{ ref('int_message_facts') }} as messages
        on conversations.account_id = messages.account_id and conversations.conversation_id = messages.conversation_id
    left join {{ ref('int_handoff_facts') }} as handoffs
        on conversations.account_id = handoffs.account_id and conversations.conversation_id = handoffs.conversation_id
),

judged as (
    select
        *,
        case
            when routed_at is not null then 'routed'
            when handoff_message_at is not null then 'closed'
            when ended_at is not null and last_sender = 'agent' then 'resolved'
            else 'open'
        end as status
    from facts
)

select
    account_id, conversation_id, visitor_id, known_profile_id as profile_id,
    channel, tag, agent, rating, timezone, status, first_question, initial_skill, final_skill,
    ended_by as closed_by,
    case
        when status = 'open' and ended_at is null then 'running'
        when status = 'open' then 'unanswered'
    end as open_reason,
    case status when 'routed' then 'ticket' when 'closed' then 'message' end as handoff_method,
    case when {{ is_handed_off('status') }} then escalation_reason end as escalation_reason,
    ticket_platform, ticket_id,
    message_count, visitor_message_count, agent_message_count, human_message_count,
    is_deflected,
    started_on,
    started_at, last_message_at, ended_at as closed_at, times_out_at, handed_off_at, routed_at
from judged
