{{ config(materialized='table', tags=['topics']) }}

-- What hand-offs say of a topic since its coverage last turned, against what is usual in its account (8.3).
with accounts as (
    select
        account_id,
        {{ share(
            'count(distinct conversation_id) filter (where is_unanswered)', 'count(distinct conversation_id)'
        ) }} as unanswered_share
    from {{ ref('int_question_conversations') }}
    group by account_id
),

last_turns as (
    select account_id, topic_id, turned_at
    from {{ ref('int_coverage_turns') }}
    where next_turned_at is null
),

topics as (
    select
        asked.account_id, asked.topic_id,
        count(*) filter (
            where last_turns.turned_at is null or asked.first_asked_at >= last_turns.turned_at
        ) as conversations,
        count(*) filter (
            where
            asked.is_unanswered
            and (last_turns.turned_at is null or asked.first_asked_at >= last_turns.turned_at)
        ) as unanswered
    from {{ ref('int_question_conversations') }} as asked
    left join last_turns
        on asked.account_id = last_turns.account_id and asked.topic_id = last_turns.topic_id
    where asked.topic_id is not null
    group by asked.account_id, asked.topic_id
)

select
    topics.account_id, topics.topic_id,
    topics.conversations, topics.unanswered, accounts.unanswered_share,
    {{ gap_evidence('topics.conversations', 'topics.unanswered', 'accounts.unanswered_share') }} as evidence
from topics
inner join accounts
    on topics.account_id = accounts.account_id
