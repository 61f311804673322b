-- Order lines whose own rows, order, shopper or account may differ from the build before.
{% if is_full_build() %}
{{ empty_set('changed_lines') }}
{% else %}
with orders as (
    select account_id, order_id
    from {{ ref('changed_orders') }}
    union
    select account_id, order_id
    from {{ ref('int_orders') }}
    where {{ has_come('placed_at') }} or {{ has_come('cancelled_at') }}
    union
    select orders.account_id, orders.order_id
    from {{ ref('int_orders') }} as orders
    where {{ is_in('changed_visitors', ['orders.account_id', 'orders.visitor_id']) }}
    union
    select orders.account_id, orders.order_id
    from {{ ref('int_orders') }} as orders
    where {{ is_in('changed_emails', ['orders.account_id', 'orders.email_key']) }}
)

select account_id, order_line_id
from {{ ref('stg_order_lines') }}
where {{ is_new() }}
union
select account_id, order_line_id
from {{ ref('stg_line_products') }}
where {{ is_new() }}
union
select lines.account_id, lines.order_line_id
from {{ ref('stg_order_lines') }} as lines
where {{ is_in('changed_accounts', ['lines.account_id']) }}
union
select lines.account_id, lines.order_line_id
from {{ ref('stg_order_lines') }} as lines
inner join orders
    on lines.account_id = orders.account_id and lines.order_id = orders.order_id
{% endif %}
