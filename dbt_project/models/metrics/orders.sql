{{ config(meta={'month_of': 'placed_on'}) }}

-- Every order that counts, with what its lines brought (5.4).
-- depends_on: {{ ref('changed_shoppers_before') }}
with orders as (
    {{ changed_rows(ref('int_placed_orders'), 'changed_order_totals') }}
),

lines as (
    {{ changed_rows(ref('int_order_lines'), 'changed_order_totals') }}
),

totals as (
    select
        account_id, order_id,
        count(*) as line_count,
        sum(revenue) as revenue,
        sum(net_revenue) as net_revenue
    from lines
    group by account_id, order_id
)

select
    orders.account_id, orders.order_id, orders.profile_id,
    orders.placed_at, orders.placed_on, orders.cancelled_at,
    coalesce(totals.line_count, 0) as line_count,
    {{ as_amount('coalesce(totals.revenue, 0)') }} as revenue,
    {{ as_amount('coalesce(totals.net_revenue, 0)') }} as net_revenue,
    orders.currency
from orders
left join totals
    on orders.account_id = totals.account_id and orders.order_id = totals.order_id
