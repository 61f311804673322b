{{ config(materialized='view') }}

-- What was sold because of a conversation, over all time (5.4); what is only inferred stands apart (5.6).
with lines as (
    {{ changed_rows(ref('attributed_order_lines'), 'changed_totals') }}
)

select
    account_id, conversation_id,
    count(distinct order_id) filter (where touch_type <> 'inferred') as attributed_orders,
    sum(revenue) filter (where touch_type <> 'inferred') as attributed_revenue,
    sum(net_revenue) filter (where touch_type <> 'inferred') as net_attributed_revenue,
    count(distinct order_id) filter (where touch_type = 'inferred') as inferred_orders,
    sum(revenue) filter (where touch_type = 'inferred') as inferred_revenue
from lines
group by account_id, conversation_id
