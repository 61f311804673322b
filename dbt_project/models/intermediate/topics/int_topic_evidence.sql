{{ config(materialized='table', tags=['topics']) }}

-- What conversations say of a topic since its coverage last turned, and what is usual in its account (8.3). Who comes back with the
-- same topic was not answered. Where a source names the articles on which answers stand, an answer without articles tells nothing.
with accounts as (
    select account_id, count(*) filter (where is_supported) > 0 as names_articles
    from {{ ref('int_question_conversations') }}
    group by account_id
),

came_back as (
    select distinct asked.account_id, asked.topic_id, asked.conversation_id
    from {{ ref('int_recontacts') }} as recontacts
    inner join {{ ref('int_question_conversations') }} as asked
        on recontacts.account_id = asked.account_id and recontacts.conversation_id = asked.conversation_id
    inner join {{ ref('int_question_conversations') }} as again
        on
            recontacts.account_id = again.account_id
            and recontacts.recontact_id = again.conversation_id
            and asked.topic_id = again.topic_id
    where recontacts.recontacted_by = 'conversation'
),

heard as (
    select
        asked.account_id, asked.topic_id, asked.conversation_id, asked.first_asked_at,
        asked.is_unanswered or came_back.account_id is not null as is_unanswered,
        case when accounts.names_articles then asked.is_supported else asked.is_answered end as is_answered
    from {{ ref('int_question_conversations') }} as asked
    inner join accounts
        on asked.account_id = accounts.account_id
    left join came_back
        on
            asked.account_id = came_back.account_id
            and asked.topic_id = came_back.topic_id
            and asked.conversation_id = came_back.conversation_id
),

usual as (
    select
        account_id,
        {{ share(
            'count(distinct conversation_id) filter (where is_unanswered)',
            'count(distinct conversation_id) filter (where is_unanswered or is_answered)'
        ) }} as unanswered_share
    from heard
    group by account_id
),

last_turns as (
    select account_id, topic_id, turned_at
    from {{ ref('int_coverage_turns') }}
    where next_turned_at is null
),

topics as (
    select
        heard.account_id, heard.topic_id,
        count(*) filter (
            where
            (heard.is_unanswered or heard.is_answered)
            and (last_turns.turned_at is null or heard.first_asked_at >= last_turns.turned_at)
        ) as conversations,
        count(*) filter (
            where
            heard.is_unanswered
            and (last_turns.turned_at is null or heard.first_asked_at >= last_turns.turned_at)
        ) as unanswered
    from heard
    left join last_turns
        on heard.account_id = last_turns.account_id and heard.topic_id = last_turns.topic_id
    where heard.topic_id is not null
    group by heard.account_id, heard.topic_id
)

select
    topics.account_id, topics.topic_id, topics.conversations, topics.unanswered,
    {{ unanswered_line('usual.unanswered_share') }} as line
from topics
inner join usual
    on topics.account_id = usual.account_id
