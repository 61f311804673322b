{{ config(meta={'changed_by': 'changed_threads', 'month_of': 'handed_off_at'}) }}

-- The delivered hand-offs (3.4) of started conversations, and whose they are: what tickets are matched with (4.4).
with steps as (
    {{ changed_rows(ref('stg_handoff_events'), 'changed_threads') }}
),

conversations as (
    {{ changed_rows(ref('int_conversation_profiles'), 'changed_threads') }}
),

handoffs as (
    select account_id, conversation_id, occurred_at as handed_off_at
    from steps
    where type in {{ handoff_types() }}
    union
    select account_id, conversation_id, sent_at as handed_off_at
    from {{ messages_to_derive('changed_thread_messages') }}
    where sender = 'human'
)

select conversations.account_id, conversations.conversation_id, conversations.profile_id, handoffs.handed_off_at
from conversations
inner join handoffs
    on
        conversations.account_id = handoffs.account_id
        and conversations.conversation_id = handoffs.conversation_id
where handoffs.handed_off_at <= {{ as_of() }}
