{{ config(tags=['topics'], meta={'month_of': 'asked_at'}) }}

-- Every question with the topic of its exemplar, if it is near enough to it (8.2), and what the exemplar's best article is
-- worth for it: the farther away it is, the less (8.3). What it is about, its text says (8.4).
with questions as (
    {{ changed_rows(ref('int_questions'), 'changed_questions') }}
),

placed as (
    select
        questions.account_id, questions.message_id, questions.conversation_id, questions.asked_at,
        exemplars.best_article_id,
        texts.about as kind,
        case when texts.nearness >= 1 then exemplars.topic_id end as topic_id,
        cast(coalesce(exemplars.coverage_score * least(texts.nearness, 1), 0) as double) as coverage_score
    from questions
    left join {{ source('topics', 'topic_texts') }} as texts
        on questions.account_id = texts.account_id and questions.text_key = texts.text_key
    left join {{ source('topics', 'topic_exemplars') }} as exemplars
        on texts.account_id = exemplars.account_id and texts.exemplar_key = exemplars.exemplar_key
)

select
    account_id, message_id, conversation_id, topic_id, asked_at, best_article_id, coverage_score,
    coverage_score >= {{ coverage_line() }} as is_covered,
    kind
from placed
