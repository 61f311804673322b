-- Orders of which anything may differ from the build before: their versions, what has come since, or whose they are.
{% if is_full_build() %}
{{ empty_set('changed_placed_orders') }}
{% else %}
select account_id, order_id
from {{ ref('changed_orders') }}
union
select account_id, order_id
from {{ ref('stg_order_profiles') }}
where {{ is_new() }}
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
union
select orders.account_id, orders.order_id
from {{ ref('int_orders') }} as orders
where {{ is_in('changed_phones', ['orders.account_id', 'orders.phone_key']) }}
{% endif %}
