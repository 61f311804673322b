{{ config(meta={'month_of': 'placed_on'}) }}

-- Every line of the orders in `orders`, brought by the agent or not.
-- depends_on: {{ ref('changed_order_totals') }}
with lines as (
    {{ changed_rows(ref('int_order_lines'), 'changed_lines') }}
)

select
    account_id, order_line_id, order_id, product_id, profile_id,
    placed_at, placed_on, quantity, revenue, net_revenue, currency
from lines
