{{ config(tags=['topics']) }}

-- How much every account was asked, and how much of it is in no topic (8.2).
with asked as (
    select
        account_id,
        sum(question_count) as questions,
        sum(question_count) filter (where topic_id is null) as unassigned_questions
    from {{ ref('int_question_conversations') }}
    group by account_id
),

topics as (
    select
        account_id,
        count(*) as topic_count,
        count(*) filter (where is_gap) as gap_count
    from {{ ref('knowledge_gap_topics') }}
    group by account_id
)

select
    accounts.account_id,
    {{ as_integer('coalesce(asked.questions, 0)') }} as question_count,
    {{ as_integer('coalesce(asked.unassigned_questions, 0)') }} as unassigned_question_count,
    {{ share('coalesce(asked.unassigned_questions, 0)', 'asked.questions') }} as unassigned_share,
    coalesce(topics.topic_count, 0) as topic_count,
    coalesce(topics.gap_count, 0) as gap_count
from {{ ref('accounts') }} as accounts
left join asked
    on accounts.account_id = asked.account_id
left join topics
    on accounts.account_id = topics.account_id
