{{ config(tags=['topics']) }}

-- The definitions of each account, with how many meet them (12.1), whether they suppress (12.3), and since when they are built (12.2).
with counted as (
    select
        account_id, segment,
        sum(case when shopper like 'p/%' then 1 else 0 end) as member_count,
        sum(case when shopper like 'c/%' then 1 else 0 end) as anonymous_count
    from {{ ref('int_segment_matches') }}
    group by account_id, segment
)

select
    accounts.account_id, segments.segment,
    segments.description, segments.definition,
    cast(coalesce(counted.member_count, 0) as {{ physical_type('bigint') }}) as member_count,
    segments.name,
    cast(coalesce(counted.anonymous_count, 0) as {{ physical_type('bigint') }}) as anonymous_count,
    segments.is_suppressing,
    case when known.segment is null then {{ as_of() }} else built.first_built_at end as first_built_at
from {{ ref('int_accounts') }} as accounts
inner join {{ source('lake', 'segments') }} as segments
    on segments.account_id is null or accounts.account_id = segments.account_id
left join counted
    on accounts.account_id = counted.account_id and segments.segment = counted.segment
left join {{ source('lake', 'segments_before') }} as known
    on accounts.account_id = known.account_id and segments.segment = known.segment
left join {{ source('lake', 'segments_first_built') }} as built
    on accounts.account_id = built.account_id and segments.segment = built.segment
