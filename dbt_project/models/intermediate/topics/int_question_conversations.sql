{{ config(tags=['topics'], meta={'changed_by': 'changed_questions', 'month_of': 'first_asked_at'}) }}

-- What conversations asked about a topic, and how they went on (8.2, 8.3). Unanswered is where the agent showed its hand-off
-- message, said itself that it lacked the knowledge, or left this very question the last word until the thread was over.
with questions as (
    {{ changed_rows(ref('knowledge_gap_questions'), 'changed_questions') }}
),

conversations as (
    {{ changed_rows(ref('conversations'), 'changed_questions') }}
),

asked as (
    select
        account_id, topic_id, conversation_id,
        count(*) as question_count,
        min(asked_at) as first_asked_at,
        max(asked_at) as last_asked_at
    from questions
    group by account_id, topic_id, conversation_id
)

select
    asked.account_id, asked.topic_id, asked.conversation_id,
    conversations.status, conversations.closed_by, conversations.escalation_reason,
    asked.question_count,
    {{ is_handed_off('conversations.status') }} as is_handed_off,
    conversations.status = 'closed'
    or (conversations.status = 'routed' and coalesce(conversations.escalation_reason, '') = 'knowledge_gap')
    or (
        conversations.status = 'open'
        and conversations.closed_by is not null
        and conversations.last_message_at = asked.last_asked_at
    ) as is_unanswered,
    asked.first_asked_at, asked.last_asked_at
from asked
inner join conversations
    on asked.account_id = conversations.account_id and asked.conversation_id = conversations.conversation_id
