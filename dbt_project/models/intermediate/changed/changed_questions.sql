{{ config(tags=['topics']) }}

-- Conversations of which a question may differ from the build before: changed ones, and those with a question that the
-- grouping has put elsewhere, or whose place in it got another topic, article or coverage.
{% if is_full_build() %}
{{ empty_set('changed_questions') }}
{% else %}
with moved_texts as (
    select account_id, text_key
    from {{ source('topics', 'topic_texts') }}
    where updated_in > {{ previous_topics_version() }}
    union
    select texts.account_id, texts.text_key
    from {{ source('topics', 'topic_texts') }} as texts
    inner join {{ source('topics', 'topic_exemplars') }} as exemplars
        on texts.account_id = exemplars.account_id and texts.exemplar_key = exemplars.exemplar_key
    where exemplars.updated_in > {{ previous_topics_version() }}
)

select account_id, conversation_id
from {{ ref('changed_conversations') }}
union
select questions.account_id, questions.conversation_id
from {{ ref('int_questions') }} as questions
inner join moved_texts
    on questions.account_id = moved_texts.account_id and questions.text_key = moved_texts.text_key
{% endif %}
