{{ config(materialized='table', tags=['topics']) }}

-- The decision that counts of every topic (8.5): the newest that was made of it; where there is none, the newest that a topic
-- handed on when it went into this one, when this one came out of it, or when this one was made and was like it.
with recursive decisions as (
    select decided.account_id, decided.topic_id, decided.state, decided.owner, decided.note, decided.decided_at
    from {{ ref('stg_topic_decisions') }} as decided
    inner join {{ ref('int_accounts') }} as accounts
        on decided.account_id = accounts.account_id
    where decided.decided_at <= {{ as_of() }}
),

-- from a topic to another, with the decision that had been made of the first by then
edges as (
    select
        changes.account_id, changes.topic_id, changes.other_topic_id, changes.change, changes.changed_at,
        max(decisions.decided_at) as decided_at
    from {{ ref('knowledge_gap_topic_changes') }} as changes
    left join decisions
        on
            changes.account_id = decisions.account_id
            and changes.topic_id = decisions.topic_id
            and changes.changed_at >= decisions.decided_at
    where changes.other_topic_id is not null
    group by changes.account_id, changes.topic_id, changes.other_topic_id, changes.change, changes.changed_at
),

handed_on as (
    select
        account_id, other_topic_id as topic_id, topic_id as decided_topic_id,
        change = 'alike' as is_alike,
        1 as steps,
        decided_at,
        changed_at as handed_on_at
    from edges
    where decided_at is not null
    union all
    select
        handed_on.account_id, edges.other_topic_id as topic_id, handed_on.decided_topic_id,
        handed_on.is_alike or edges.change = 'alike' as is_alike,
        handed_on.steps + 1 as steps,
        handed_on.decided_at,
        edges.changed_at as handed_on_at
    from handed_on
    inner join edges
        on
            handed_on.account_id = edges.account_id
            and handed_on.topic_id = edges.topic_id
            and handed_on.handed_on_at <= edges.changed_at
    where edges.decided_at is null and handed_on.steps < 50  -- topics that went to and fro end some time
),

candidates as (
    select account_id, topic_id, topic_id as decided_topic_id, false as is_handed_on, false as is_alike, decided_at
    from decisions
    union all
    select account_id, topic_id, decided_topic_id, true as is_handed_on, is_alike, decided_at
    from handed_on
),

ranked as (
    select
        *,
        row_number() over (
            partition by account_id, topic_id order by is_handed_on asc, decided_at desc, decided_topic_id asc, is_alike asc
        ) as place
    from candidates
)

select
    ranked.account_id, ranked.topic_id, ranked.decided_topic_id,
    decisions.state,
    left(decisions.owner, 100) as owner,
    left(decisions.note, 500) as note,
    ranked.is_alike,
    ranked.decided_at
from ranked
inner join decisions
    on
        ranked.account_id = decisions.account_id
        and ranked.decided_topic_id = decisions.topic_id
        and ranked.decided_at = decisions.decided_at
where
    ranked.place = 1
    and (not ranked.is_alike or decisions.state = 'dismissed')  -- likeness hands on nothing else
