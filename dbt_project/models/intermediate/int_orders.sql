{{ config(meta={'changed_by': 'changed_orders', 'month_of': 'placed_at'}) }}

-- The version of every order that counts: the newest that is not refused for its currency (2.1, 2.2). An order of an
-- unknown account is held back, not refused.
with orders as (
    {{ changed_rows(ref('stg_orders'), 'changed_orders') }}
),

accepted as (
    select orders.*
    from orders
    left join {{ ref('int_accounts') }} as accounts
        on orders.account_id = accounts.account_id
    where accounts.account_id is null or orders.currency = accounts.currency
),

ranked as (
    select
        *,
        min(_first_load) over (partition by account_id, order_id) as first_load,
        row_number() over (partition by account_id, order_id order by {{ version_order() }}) as version_rank
    from accepted
)

select
    account_id, order_id, profile_id, visitor_id,
    currency, {{ email_key('email') }} as email_key, {{ phone_key('phone') }} as phone_key, order_line_ids,
    placed_at, cancelled_at,
    first_load as _first_load
from ranked
where version_rank = 1
