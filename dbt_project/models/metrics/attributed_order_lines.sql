{{ config(meta={'month_of': 'placed_on'}) }}

-- A line belongs to the last touch that reaches it (5.2), so it counts once at most (5.3).
-- depends_on: {{ ref('changed_order_lines') }}
-- depends_on: {{ ref('changed_shoppers_before') }}
with ranked as (
    select
        *,
        row_number() over (
            partition by account_id, order_line_id
            order by
                case when touch_type = 'inferred' then 2 else 1 end asc,  -- 5.6
                touched_at desc,
                case touch_type when 'click' then 1 when 'open' then 2 else 3 end asc,
                touch_id asc
        ) as touch_rank
    from {{ ref('int_attributable_lines') }}
)

select
    ranked.account_id, ranked.order_line_id, ranked.order_id, ranked.product_id,
    coalesce(ranked.profile_id, ranked.touch_profile_id) as profile_id,
    ranked.conversation_id, ranked.channel, ranked.touch_type, ranked.touch_id, ranked.touched_at,
    ranked.placed_at, {{ local_date('ranked.placed_at', 'accounts.timezone') }} as placed_on,
    ranked.quantity, ranked.revenue, ranked.net_revenue, ranked.currency
from ranked
inner join {{ ref('int_accounts') }} as accounts
    on ranked.account_id = accounts.account_id
where ranked.touch_rank = 1
