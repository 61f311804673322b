{{ config(tags=['topics'], meta={'changed_by': 'changed_conversations', 'month_of': 'asked_at'}) }}

-- What came of every question (8.3). Replies to a question are the words of the agent and of people between the shopper's turn that
-- holds the question and the shopper's next turn. A hand-off is blamed on the shopper's last turn before it with a question that is
-- not of kind other, unless the agent had said of another that it has no answer.
with questions as (
    {{ changed_rows(ref('int_questions'), 'changed_conversations') }}
),

conversations as (
    {{ changed_rows(ref('int_conversations'), 'changed_conversations') }}
),

counted as (
    select
        account_id, conversation_id, message_id, sender, text, article_ids, position,
        sum(case when sender in ('agent', 'human') then 1 else 0 end) over (
            partition by account_id, conversation_id
            order by position
            rows between unbounded preceding and current row
        ) as replies_so_far
    from {{ ref('int_messages') }}
),

turns as (
    select
        account_id, conversation_id, message_id, sender, text, article_ids,
        max(case when sender = 'visitor' then replies_so_far end) over (
            partition by account_id, conversation_id
            order by position
            rows between unbounded preceding and current row
        ) as turn
    from counted
),

asked as (
    select
        questions.account_id, questions.conversation_id, questions.message_id, questions.asked_at, questions.is_other, turns.turn,
        conversations.status, conversations.closed_by, conversations.escalation_reason, conversations.handed_off_at
    from questions
    inner join turns
        on questions.account_id = turns.account_id and questions.message_id = turns.message_id
    inner join conversations
        on questions.account_id = conversations.account_id and questions.conversation_id = conversations.conversation_id
),

asking as (
    select distinct account_id, conversation_id, turn
    from asked
),

spoken as (
    select
        turns.account_id, turns.conversation_id, turns.turn, turns.sender, turns.article_ids,
        case when turns.sender = 'agent' then {{ plain_text('left(turns.text, 1000)') }} end as words
    from turns
    inner join asking
        on
            turns.account_id = asking.account_id
            and turns.conversation_id = asking.conversation_id
            and turns.turn = asking.turn
    where turns.sender in ('agent', 'human')
),

judged as (
    select *, {{ is_fallback('words') }} as is_fallback
    from spoken
),

replies as (
    select
        account_id, conversation_id, turn,
        count(*) filter (where is_fallback) as fallbacks,
        count(*) filter (where not is_fallback) as answers,  -- of the agent: a person's words are null
        count(article_ids) as supported_answers
    from judged
    group by account_id, conversation_id, turn
),

last_turns as (
    select
        asked.account_id, asked.conversation_id,
        max(asked.turn) as last_turn,
        max(
            case
                when
                    (asked.handed_off_at is null or asked.asked_at <= asked.handed_off_at)
                    and not coalesce(asked.is_other, false)
                    then asked.turn
            end
        ) as last_turn_before,
        coalesce(sum(replies.fallbacks), 0) as fallbacks
    from asked
    left join replies
        on
            asked.account_id = replies.account_id
            and asked.conversation_id = replies.conversation_id
            and asked.turn = replies.turn
    group by asked.account_id, asked.conversation_id
),

told as (
    select
        asked.*,
        coalesce(replies.fallbacks, 0) > 0 as is_fallback,
        coalesce(replies.answers, 0) > 0 as is_answered,
        coalesce(replies.supported_answers, 0) > 0 as is_supported,
        {{ is_handed_off('asked.status') }}
        and coalesce(asked.escalation_reason, 'knowledge_gap') = 'knowledge_gap'
        and asked.turn = last_turns.last_turn_before
        and last_turns.fallbacks = 0 as is_handed_off_for_it,
        asked.status = 'open'
        and asked.closed_by is not null
        and asked.turn = last_turns.last_turn
        and replies.turn is null as is_last_word
    from asked
    inner join last_turns
        on asked.account_id = last_turns.account_id and asked.conversation_id = last_turns.conversation_id
    left join replies
        on
            asked.account_id = replies.account_id
            and asked.conversation_id = replies.conversation_id
            and asked.turn = replies.turn
)

select
    account_id, message_id, conversation_id, is_answered, is_supported,
    case
        when is_fallback or is_handed_off_for_it or is_last_word then true
        when is_supported then false
    end as is_unanswered,
    asked_at
from told
