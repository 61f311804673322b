{{ config(tags=['topics']) }}

-- The topics in which somebody asked (8.2), and whether articles answer them (8.3).
-- depends_on: {{ ref('changed_topics_before') }}
with asked as (
    select
        account_id, topic_id,
        sum(question_count) as question_count,
        count(*) as conversation_count,
        count(*) filter (where is_handed_off) as handed_off_conversation_count,
        min(first_asked_at) as first_asked_at,
        max(last_asked_at) as last_asked_at
    from {{ ref('int_question_conversations') }}
    where topic_id is not null
    group by account_id, topic_id
)

select
    asked.account_id, asked.topic_id,
    names.label, names.representative_question,
    {{ as_integer('asked.question_count') }} as question_count,
    asked.conversation_count, asked.handed_off_conversation_count,
    asked.first_asked_at, asked.last_asked_at,
    names.best_article_id,
    cast(names.coverage_score as double) as coverage_score,
    {{ is_gap('names.coverage_score', 'evidence.evidence') }} as is_gap
from asked
inner join {{ ref('int_topic_evidence') }} as evidence
    on asked.account_id = evidence.account_id and asked.topic_id = evidence.topic_id
left join {{ source('topics', 'topic_names') }} as names  -- one without a name is stopped by the gate
    on asked.account_id = names.account_id and asked.topic_id = names.topic_id
