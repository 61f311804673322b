{{ config(materialized='table') }}

-- What the thread of a conversation says about it (3.2, 3.4, 3.8, 13.5), of the conversations of this build. A text is never '', so ''
-- stands for null where an aggregate would pass over a null.
with facts as (
    select
        account_id, conversation_id,
        count(*) filter (where sender <> 'system') as message_count,
        count(*) filter (where sender = 'visitor') as visitor_message_count,
        count(*) filter (where sender = 'agent') as agent_message_count,
        count(*) filter (where sender = 'human') as human_message_count,
        max(sent_at) filter (where sender <> 'system') as last_message_at,
        max_by(sender, position) filter (where sender <> 'system') as last_sender,
        max(sent_at) filter (where sender = 'visitor') as last_visitor_message_at,
        min(sent_at) filter (where sender = 'human') as first_human_message_at,
        min(sent_at) filter (where sender = 'system') as first_automatic_at,
        max(sent_at) filter (where sender = 'system') as last_automatic_at,
        nullif(min_by(coalesce(text, ''), position) filter (where sender = 'visitor'), '') as first_question,
        min_by(skill, position) filter (where sender = 'agent' and skill is not null) as initial_skill,
        max_by(skill, position) filter (where sender = 'agent' and skill is not null) as final_skill,
        nullif(max_by(coalesce(text, ''), position) filter (where sender <> 'system'), '') as last_text
    from {{ ref('int_messages') }}
    group by account_id, conversation_id
),

last_words as (
    select *, case when last_sender = 'agent' then {{ plain_text('right(last_text, 1000)') }} end as last_words
    from facts
)

select
    account_id, conversation_id,
    message_count, visitor_message_count, agent_message_count, human_message_count,
    last_message_at, last_sender, last_visitor_message_at, first_human_message_at, first_automatic_at, last_automatic_at,
    first_question, initial_skill, final_skill,
    {{ sent_to('last_words') }} as sent_to
from last_words
