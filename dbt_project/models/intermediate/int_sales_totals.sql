{{ config(materialized='view') }}

-- What was sold because of a conversation, over all time (5.4).
with lines as (
    {{ changed_rows(ref('attributed_order_lines'), 'changed_totals') }}
)

select
    account_id, conversation_id,
    count(distinct order_id) as attributed_orders,
    sum(revenue) as attributed_revenue,
    sum(net_revenue) as net_attributed_revenue
from lines
group by account_id, conversation_id
