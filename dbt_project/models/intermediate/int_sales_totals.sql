{{ config(materialized='view') }}

-- What was sold because of a conversation, over all time (5.4).
select
    account_id, conversation_id,
    count(distinct order_id) as attributed_orders,
    sum(revenue) as attributed_revenue,
    sum(net_revenue) as net_attributed_revenue
from {{ ref('attributed_order_lines') }} as lines
where
    true
    {{ only_changed('changed_totals', ['lines.account_id', 'lines.conversation_id']) }}
group by account_id, conversation_id
