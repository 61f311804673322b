{{ config(meta={'changed_by': 'changed_visitors'}) }}

-- The profile that a visitor belongs to (4.1).
with ranked as (
    select
        account_id, visitor_id, profile_id,
        row_number() over (
            partition by account_id, visitor_id
            order by seen_at desc, profile_id desc
        ) as visitor_rank
    from {{ ref('stg_visitors') }} as visitors
    where
        seen_at <= {{ as_of() }}
        {{ only_changed('changed_visitors', ['visitors.account_id', 'visitors.visitor_id']) }}
)

select account_id, visitor_id, profile_id
from ranked
where visitor_rank = 1
