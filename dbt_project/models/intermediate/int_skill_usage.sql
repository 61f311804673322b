{{ config(meta={'changed_by': 'changed_conversations', 'month_of': 'date'}) }}

-- How often a conversation used a skill on a date: agent messages with a skill, by their own date (6.4). The first
-- date of a skill is marked, so that conversations can be counted without looking for doubles.
-- depends_on: {{ ref('changed_days_before') }}
with conversations as (
    {{ changed_rows(ref('int_conversations'), 'changed_conversations') }}
),

used as (
    select
        messages.account_id, messages.conversation_id,
        conversations.channel, messages.skill,
        messages.sent_on as date
    from {{ ref('int_messages') }} as messages
    inner join conversations
        on
            messages.account_id = conversations.account_id
            and messages.conversation_id = conversations.conversation_id
    where
        messages.sender = 'agent'
        and messages.skill is not null
)

select
    account_id, conversation_id, channel, skill, date,
    count(*) as messages,
    row_number() over (partition by account_id, conversation_id, skill order by date) = 1 as is_first_date
from used
group by account_id, conversation_id, channel, skill, date
