{{ config(tags=['topics'], meta={'month_of': 'asked_at'}) }}

-- Every question with the topic of its exemplar, if it is near enough to it (8.2), and what the exemplar's best article is
-- worth for it: the farther away it is, the less (8.3). What it is about, its text says, or what was shown before (8.4).
with questions as (
    {{ changed_rows(ref('int_questions'), 'changed_questions') }}
),

answers as (
    {{ changed_rows(ref('int_question_answers'), 'changed_questions') }}
),

shown as (
    {{ changed_rows(ref('int_shown_products'), 'changed_questions') }}
),

placed as (
    select
        questions.account_id, questions.message_id, questions.conversation_id, questions.asked_at,
        answers.is_unanswered,
        exemplars.best_article_id,
        texts.about as kind,
        products.product_id as named_product_id,
        case when texts.nearness >= 1 then exemplars.topic_id end as topic_id,
        cast(coalesce(exemplars.coverage_score * least(texts.nearness, 1), 0) as double) as coverage_score
    from questions
    left join answers
        on questions.account_id = answers.account_id and questions.message_id = answers.message_id
    left join {{ source('topics', 'topic_texts') }} as texts
        on questions.account_id = texts.account_id and questions.text_key = texts.text_key
    left join {{ source('topics', 'topic_exemplars') }} as exemplars
        on texts.account_id = exemplars.account_id and texts.exemplar_key = exemplars.exemplar_key
    -- texts are remembered longer than a product that has gone, such as with a lake of last week
    left join {{ ref('products') }} as products
        on
            texts.account_id = products.account_id
            and texts.product_id = products.product_id
            and products.title is not null
),

last_shown as (
    select
        placed.account_id, placed.message_id, shown.product_id,
        row_number() over (
            partition by placed.account_id, placed.message_id order by shown.shown_at desc, shown.product_id asc
        ) as place
    from placed
    inner join shown
        on
            placed.account_id = shown.account_id
            and placed.conversation_id = shown.conversation_id
            and placed.asked_at > shown.shown_at
    where placed.kind = 'product' and placed.named_product_id is null
)

select
    placed.account_id, placed.message_id, placed.conversation_id, placed.topic_id, placed.asked_at,
    placed.best_article_id, placed.coverage_score,
    placed.coverage_score >= {{ coverage_line() }} as is_covered,
    placed.is_unanswered,
    placed.kind,
    coalesce(placed.named_product_id, last_shown.product_id) as product_id
from placed
left join last_shown
    on
        placed.account_id = last_shown.account_id
        and placed.message_id = last_shown.message_id
        and last_shown.place = 1
