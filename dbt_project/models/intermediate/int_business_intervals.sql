{{ config(materialized='table') }}

-- The intervals of each weekday and of each date that is told by itself, in minutes after midnight (13.3); those that overlap or
-- touch are one. A date that is closed has a row without minutes.
with elements as (
    select hours.account_id, element
    from {{ ref('int_business_hours') }} as hours
    {{ each_distinct('hours.weekly', 'element') }}
    union all
    select hours.account_id, element
    from {{ ref('int_business_hours') }} as hours
    {{ each_distinct('hours.overrides', 'element') }}
),

read as (
    select
        account_id,
        split_part(element, ' ', 1) as day,
        cast(nullif(split_part(split_part(element, ' ', 2), '-', 1), '') as bigint) as opens,
        cast(nullif(split_part(split_part(element, ' ', 2), '-', 2), '') as bigint) as closes
    from elements
),

marked as (
    select
        *,
        case
            when
                opens <= max(closes) over (
                    partition by account_id, day order by opens, closes rows between unbounded preceding and 1 preceding
                )
                then 0
            else 1
        end as is_another
    from read
),

numbered as (
    select *, sum(is_another) over (partition by account_id, day order by opens, closes) as interval_number
    from marked
)

select account_id, day, min(opens) as opens, max(closes) as closes
from numbered
group by account_id, day, interval_number
