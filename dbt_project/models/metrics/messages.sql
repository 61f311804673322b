{{ config(meta={'changed_by': 'changed_conversations'}) }}

-- The thread of every started conversation, in its order (3.2). What is counted further on is counted from here: readers
-- see the rows behind every number.
with messages as (
    {{ changed_rows(ref('stg_messages'), 'changed_conversations') }}
),

conversations as (
    {{ changed_rows(ref('int_started_conversations'), 'changed_conversations') }}
)

select
    messages.account_id, messages.message_id, messages.conversation_id,
    row_number() over (
        partition by messages.account_id, messages.conversation_id
        order by messages.sent_at, messages.message_id
    ) as position,
    messages.sender, messages.text, messages.skill, messages.recommended_product_ids, messages.sent_at
from messages
inner join conversations
    on
        messages.account_id = conversations.account_id
        and messages.conversation_id = conversations.conversation_id
where messages.sent_at <= {{ as_of() }}
