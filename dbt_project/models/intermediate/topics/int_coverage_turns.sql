{{ config(materialized='table', tags=['topics']) }}

-- When articles began to cover a topic and when they ceased to (8.3), as far as as-of has come. How it was when the topic was
-- first seen is not a turn.
with coverage as (
    select
        coverage.account_id, coverage.topic_id, coverage.article_id, coverage.is_covered, coverage.changed_at,
        lag(coverage.is_covered) over (
            partition by coverage.account_id, coverage.topic_id order by coverage.changed_at
        ) as was_covered
    from {{ source('topics', 'topic_coverage') }} as coverage
    inner join {{ ref('int_accounts') }} as accounts
        on coverage.account_id = accounts.account_id
    where coverage.changed_at <= {{ as_of() }}
),

turns as (
    select account_id, topic_id, article_id, is_covered, changed_at as turned_at
    from coverage
    where was_covered is not null
)

select
    account_id, topic_id, article_id, is_covered, turned_at,
    lag(turned_at) over (partition by account_id, topic_id order by turned_at) as previous_turned_at,
    lead(turned_at) over (partition by account_id, topic_id order by turned_at) as next_turned_at
from turns
