{{ config(materialized='view') }}

-- When a conversation was closed and by whom (3.3).
with conversations as (
    {{ changed_rows(ref('int_started_conversations'), 'changed_conversations') }}
),

threads as (
    select
        conversations.account_id, conversations.conversation_id,
        conversations.closed_at, conversations.closed_by,
        messages.last_message_at, messages.last_visitor_message_at,
        handoffs.helpdesk_ticket_at,
        {{ hours_later('messages.last_message_at', 'conversations.auto_close_hours') }} as times_out_at
    from conversations
    inner join {{ ref('int_message_facts') }} as messages
        on
            conversations.account_id = messages.account_id
            and conversations.conversation_id = messages.conversation_id
    left join {{ ref('int_handoff_facts') }} as handoffs
        on
            conversations.account_id = handoffs.account_id
            and conversations.conversation_id = handoffs.conversation_id
),

ways as (
    select
        *,
        closed_at <= {{ as_of() }} and closed_at <= times_out_at and closed_at >= last_message_at as is_closed_by_somebody,
        helpdesk_ticket_at <= times_out_at and helpdesk_ticket_at >= last_visitor_message_at as is_closed_by_handoff,
        times_out_at <= {{ as_of() }} as is_timed_out
    from threads
)

select
    account_id, conversation_id, times_out_at,
    case
        when is_closed_by_somebody then closed_at
        when is_closed_by_handoff then helpdesk_ticket_at
        when is_timed_out then times_out_at
    end as closed_at,
    case
        when is_closed_by_somebody then coalesce(closed_by, 'visitor')
        when is_closed_by_handoff then 'handoff'
        when is_timed_out then 'timeout'
    end as closed_by
from ways
