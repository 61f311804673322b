{{ config(meta={'changed_by': 'changed_conversations'}) }}

-- How often a conversation used a skill on a date: agent messages with a skill, by their own date (6.4).
-- depends_on: {{ ref('changed_days_before') }}
with used as (
    select
        messages.account_id, messages.conversation_id,
        conversations.channel, messages.skill,
        {{ local_date('messages.sent_at', 'conversations.timezone') }} as date
    from {{ ref('messages') }} as messages
    inner join {{ ref('int_conversations') }} as conversations
        on
            messages.account_id = conversations.account_id
            and messages.conversation_id = conversations.conversation_id
    where
        messages.sender = 'agent'
        and messages.skill is not null
        {{ only_changed('changed_conversations', ['messages.account_id', 'messages.conversation_id']) }}
)

select account_id, conversation_id, channel, skill, date, count(*) as messages
from used
group by account_id, conversation_id, channel, skill, date
