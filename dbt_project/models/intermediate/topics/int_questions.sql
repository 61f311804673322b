{{ config(tags=['topics'], meta={'changed_by': 'changed_conversations', 'month_of': 'asked_at'}) }}

-- Questions (8.1): visitor messages that ask, and what a conversation opens with where that only tells of something.
-- depends_on: {{ ref('changed_conversations') }}
with told as (
    select
        messages.account_id, messages.message_id, messages.conversation_id,
        messages.position, messages.sent_at,
        texts.text_key, texts.kind,
        min(messages.position) over (partition by messages.account_id, messages.conversation_id) as first_position
    from {{ ref('int_messages') }} as messages
    inner join {{ source('topics', 'topic_texts') }} as texts
        on messages.account_id = texts.account_id and {{ text_key('messages.text') }} = texts.text_key
    where
        messages.sender = 'visitor'
        and texts.kind in ('asks', 'tells')
)

select
    account_id, message_id, conversation_id, text_key,
    sent_at as asked_at
from told
where kind = 'asks' or position = first_position
