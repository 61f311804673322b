{{ config(meta={'changed_by': 'changed_visitors'}) }}

-- The profile that a visitor belongs to (4.1).
with visitors as (
    {{ changed_rows(ref('stg_visitors'), 'changed_visitors') }}
),

ranked as (
    select
        account_id, visitor_id, profile_id,
        row_number() over (
            partition by account_id, visitor_id
            order by seen_at desc, profile_id desc
        ) as visitor_rank
    from visitors
    where seen_at <= {{ as_of() }}
)

select account_id, visitor_id, profile_id
from ranked
where visitor_rank = 1
