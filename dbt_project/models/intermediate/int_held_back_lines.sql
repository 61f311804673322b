{{ config(meta={'changed_by': 'changed_lines'}) }}

-- Order lines that wait for a parent (2.3): an unknown account or order, or an order that is refused or not placed yet.
with lines as (
    {{ changed_rows(ref('stg_order_lines'), 'changed_lines') }}
)

select
    lines.account_id, lines.order_line_id,
    {{ missing_parent('accounts.account_id', 'orders', 'lines.order_id', 'lines.account_id') }},
    lines._first_load
from lines
left join {{ ref('int_accounts') }} as accounts
    on lines.account_id = accounts.account_id
left join {{ ref('int_orders') }} as orders
    on
        lines.account_id = orders.account_id
        and lines.order_id = orders.order_id
        and orders.placed_at <= {{ as_of() }}
where accounts.account_id is null or orders.order_id is null
