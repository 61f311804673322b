-- Order lines whose own rows, order, shopper or account may differ from the build before.
{% if is_full_build() %}
{{ empty_set('changed_lines') }}
{% else %}
with changed_orders as (
    select account_id, order_id from {{ ref('changed_orders') }}
    union
    select orders.account_id, orders.order_id
    from {{ ref('int_orders') }} as orders
    where
        {{ has_come('orders.placed_at') }}
        or {{ has_come('orders.cancelled_at') }}
        or {{ is_in('changed_visitors', ['orders.account_id', 'orders.visitor_id']) }}
        or {{ is_in('changed_emails', ['orders.account_id', email_key('orders.email')]) }}
)

select account_id, order_line_id
from {{ ref('stg_order_lines') }} as lines
where
    {{ is_new() }}
    or {{ is_in('changed_accounts', ['lines.account_id']) }}
    or exists (
        select 1
        from changed_orders
        where changed_orders.account_id = lines.account_id and changed_orders.order_id = lines.order_id
    )
{% endif %}
