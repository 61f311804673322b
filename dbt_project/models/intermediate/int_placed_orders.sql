{{ config(meta={'changed_by': 'changed_placed_orders', 'month_of': 'placed_on'}) }}

-- The orders that count (1.3, 2.3), and whose they are (4.2).
with orders as (
    {{ changed_rows(ref('int_orders'), 'changed_placed_orders') }}
)

select
    orders.account_id, orders.order_id,
    coalesce(orders.profile_id, named.profile_id, emails.profile_id, phones.profile_id, visitors.profile_id) as profile_id,
    orders.visitor_id, orders.currency, orders.order_line_ids,
    {{ local_date('orders.placed_at', 'accounts.timezone') }} as placed_on,
    orders.placed_at,
    case when orders.cancelled_at <= {{ as_of() }} then orders.cancelled_at end as cancelled_at
from orders
inner join {{ ref('int_accounts') }} as accounts
    on orders.account_id = accounts.account_id
left join {{ ref('stg_order_profiles') }} as named
    on orders.account_id = named.account_id and orders.order_id = named.order_id
left join {{ ref('int_email_profiles') }} as emails
    on orders.account_id = emails.account_id and orders.email_key = emails.email_key
left join {{ ref('int_phone_profiles') }} as phones
    on orders.account_id = phones.account_id and orders.phone_key = phones.phone_key
left join {{ ref('int_visitor_profiles') }} as visitors
    on orders.account_id = visitors.account_id and orders.visitor_id = visitors.visitor_id
where orders.placed_at <= {{ as_of() }}
