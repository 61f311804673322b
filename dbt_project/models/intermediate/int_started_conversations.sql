{{ config(meta={'changed_by': 'changed_threads', 'month_of': 'started_on'}) }}

-- Conversations that count (1.3, 2.3) and that a visitor has started (3.1), with the settings of their account.
with conversations as (
    {{ changed_rows(ref('stg_conversations'), 'changed_threads') }}
),

first_visitor_messages as (
    select account_id, conversation_id, min(sent_at) as started_at
    from {{ messages_to_derive('changed_thread_messages') }}
    where
        sender = 'visitor'
        and sent_at <= {{ as_of() }}
    group by account_id, conversation_id
)

select
    conversations.account_id, conversations.conversation_id, conversations.profile_id, conversations.visitor_id, conversations.email,
    conversations.channel, conversations.tag, conversations.agent, conversations.rating,
    conversations.closed_by, conversations.closed_at,
    accounts.timezone, accounts.auto_close_hours,
    first_visitor_messages.started_at,
    {{ local_date('first_visitor_messages.started_at', 'accounts.timezone') }} as started_on
from conversations
inner join {{ ref('int_accounts') }} as accounts
    on conversations.account_id = accounts.account_id
inner join first_visitor_messages
    on
        conversations.account_id = first_visitor_messages.account_id
        and conversations.conversation_id = first_visitor_messages.conversation_id
where conversations.created_at <= {{ as_of() }}
