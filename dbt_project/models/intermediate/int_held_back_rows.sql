{{ config(materialized='view') }}

-- How many rows of every landing table wait for a parent (2.3).
with counted_orders as (
    select orders.account_id, orders.order_id
    from {{ ref('int_orders') }} as orders
    inner join {{ ref('int_accounts') }} as accounts
        on orders.account_id = accounts.account_id
    where orders.placed_at <= {{ as_of() }}
),

held_back as (
    select table_name, cast(sum(held_back) as bigint) as held_back
    from {{ ref('int_held_back') }}
    group by table_name
    union all
    select 'order_lines' as table_name, count(*) as held_back
    from {{ ref('stg_order_lines') }} as lines
    left join counted_orders
        on lines.account_id = counted_orders.account_id and lines.order_id = counted_orders.order_id
    where counted_orders.order_id is null
    {% for table in ['profiles', 'visitors', 'products', 'skills', 'articles', 'tickets', 'reported_figures'] %}
    union all
    select '{{ table }}' as table_name, count(*) as held_back
    from {{ ref('stg_' ~ table) }} as rows
    left join {{ ref('int_accounts') }} as accounts
        on rows.account_id = accounts.account_id
    where accounts.account_id is null
    {% endfor %}
    union all
    select 'orders' as table_name, count(*) as held_back
    from {{ ref('int_orders') }} as orders
    left join {{ ref('int_accounts') }} as accounts
        on orders.account_id = accounts.account_id
    where accounts.account_id is null
)

select table_name, held_back
from held_back
where held_back > 0
