{{ config(meta={'changed_by': 'changed_lines', 'month_of': 'placed_on'}) }}

-- Lines of the orders that count (1.3, 2.3) and have not left them (2.8), of what product (2.7) and what they brought (5.4).
with lines as (
    {{ changed_rows(ref('stg_order_lines'), 'changed_lines') }}
),

priced as (
    select
        lines.account_id, lines.order_line_id, lines.order_id,
        coalesce(products.product_id, 'sku:' || lines.sku) as product_id,
        orders.profile_id, orders.visitor_id, orders.currency, lines.quantity, lines.refunded_amount,
        orders.placed_on, orders.placed_at,
        orders.cancelled_at is not null as is_cancelled,
        {{ as_amount("greatest(" ~ exact_product("lines.quantity", "lines.unit_price") ~ " - lines.discount, 0)") }} as revenue
    from lines
    inner join {{ ref('int_placed_orders') }} as orders
        on lines.account_id = orders.account_id and lines.order_id = orders.order_id
    left join {{ ref('stg_line_products') }} as products
        on lines.account_id = products.account_id and lines.order_line_id = products.order_line_id
    where orders.order_line_ids is null or array_contains(orders.order_line_ids, lines.order_line_id)
)

select
    account_id, order_line_id, order_id, product_id, profile_id, visitor_id,
    currency,
    quantity, revenue,
    {{ as_amount("case when is_cancelled then 0 else greatest(revenue - refunded_amount, 0) end") }} as net_revenue,
    placed_on,
    placed_at
from priced
