{{ config(tags=['topics'], meta={'changed_by': 'changed_questions', 'month_of': 'first_asked_at'}) }}

-- What conversations asked about a topic, and what came of it (8.2, 8.3). One unanswered question of the topic is enough.
with questions as (
    {{ changed_rows(ref('knowledge_gap_questions'), 'changed_questions') }}
),

answers as (
    {{ changed_rows(ref('int_question_answers'), 'changed_questions') }}
),

conversations as (
    {{ changed_rows(ref('conversations'), 'changed_questions') }}
),

asked as (
    select
        questions.account_id, questions.topic_id, questions.conversation_id,
        count(*) as question_count,
        count(*) filter (where answers.is_unanswered) > 0 as is_unanswered,
        count(*) filter (where answers.is_answered) > 0 as is_answered,
        count(*) filter (where answers.is_supported) > 0 as is_supported,
        min(questions.asked_at) as first_asked_at,
        max(questions.asked_at) as last_asked_at
    from questions
    left join answers
        on questions.account_id = answers.account_id and questions.message_id = answers.message_id
    group by questions.account_id, questions.topic_id, questions.conversation_id
)

select
    asked.account_id, asked.topic_id, asked.conversation_id,
    asked.question_count,
    {{ is_handed_off('conversations.status') }} as is_handed_off,
    asked.is_unanswered, asked.is_answered, asked.is_supported,
    asked.first_asked_at, asked.last_asked_at
from asked
inner join conversations
    on asked.account_id = conversations.account_id and asked.conversation_id = conversations.conversation_id
