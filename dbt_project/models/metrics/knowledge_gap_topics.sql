{{ config(tags=['topics']) }}

-- The topics in which somebody asked (8.2), whether articles answer them (8.3) and could (8.4), and where the work on them
-- stands (8.5).
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
),

last_turns as (
    select account_id, topic_id, is_covered, turned_at
    from {{ ref('int_coverage_turns') }}
    where next_turned_at is null
),

judged as (
    select
        asked.*,
        evidence.conversations, evidence.unanswered,
        names.label, names.representative_question, names.best_article_id,
        cast(names.coverage_score as double) as coverage_score,
        {{ likely_unanswered('evidence.unanswered', 'evidence.conversations', 'names.coverage_score', 'evidence.line') }}
        > evidence.line as is_unanswered,
        kinds.kind
    from asked
    inner join {{ ref('int_topic_evidence') }} as evidence
        on asked.account_id = evidence.account_id and asked.topic_id = evidence.topic_id
    inner join {{ ref('int_topic_kinds') }} as kinds
        on asked.account_id = kinds.account_id and asked.topic_id = kinds.topic_id
    left join {{ source('topics', 'topic_names') }} as names  -- one without a name is stopped by the gate
        on asked.account_id = names.account_id and asked.topic_id = names.topic_id
),

gaps as (
    select *, is_unanswered and kind = 'knowledge' as is_gap
    from judged
)

select
    gaps.account_id, gaps.topic_id, gaps.label, gaps.representative_question,
    {{ as_integer('gaps.question_count') }} as question_count,
    gaps.conversation_count, gaps.handed_off_conversation_count,
    gaps.first_asked_at, gaps.last_asked_at,
    gaps.best_article_id, gaps.coverage_score,
    gaps.is_gap,
    gaps.is_unanswered,
    gaps.conversations as judged_conversation_count,
    gaps.unanswered as judged_unanswered_count,
    gaps.kind,
    {{ topic_state('decisions.state', 'decisions.decided_at', 'gaps.is_gap', 'last_turns.is_covered', 'last_turns.turned_at') }} as state,
    decisions.owner, decisions.note, decisions.decided_at,
    case when decisions.is_alike then decisions.decided_topic_id end as like_topic_id,
    stakes.shopper_count, stakes.unanswered_conversation_count,
    stakes.unanswered_share, stakes.unanswered_share_low, stakes.unanswered_share_high,
    stakes.sales_at_stake, stakes.sales_at_stake_low, stakes.sales_at_stake_high
from gaps
inner join {{ ref('int_topic_stakes') }} as stakes
    on gaps.account_id = stakes.account_id and gaps.topic_id = stakes.topic_id
left join {{ ref('int_topic_decisions') }} as decisions
    on gaps.account_id = decisions.account_id and gaps.topic_id = decisions.topic_id
left join last_turns
    on gaps.account_id = last_turns.account_id and gaps.topic_id = last_turns.topic_id
