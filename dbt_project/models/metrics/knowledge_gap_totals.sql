{{ config(tags=['topics']) }}

-- How much every account was asked, how much of it is in no topic, and how much is not grouped yet (8.2).
with asked as (
    select
        account_id,
        sum(question_count) as questions,
        sum(question_count) filter (where topic_id is null) as outside_questions
    from {{ ref('int_question_conversations') }}
    group by account_id
),

grouped as (
    select
        asked.account_id, asked.questions,
        coalesce(waiting.questions, 0) as ungrouped_questions,
        asked.questions - coalesce(waiting.questions, 0) as grouped_questions,
        asked.outside_questions - coalesce(waiting.questions, 0) as unassigned_questions
    from asked
    left join {{ source('topics', 'topic_waiting') }} as waiting
        on asked.account_id = waiting.account_id
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
    {{ as_integer('coalesce(grouped.questions, 0)') }} as question_count,
    {{ as_integer('coalesce(grouped.ungrouped_questions, 0)') }} as ungrouped_question_count,
    {{ as_integer('coalesce(grouped.unassigned_questions, 0)') }} as unassigned_question_count,
    {{ share('coalesce(grouped.unassigned_questions, 0)', 'grouped.grouped_questions') }} as unassigned_share,
    coalesce(topics.topic_count, 0) as topic_count,
    coalesce(topics.gap_count, 0) as gap_count
from {{ ref('accounts') }} as accounts
left join grouped
    on accounts.account_id = grouped.account_id
left join topics
    on accounts.account_id = topics.account_id
