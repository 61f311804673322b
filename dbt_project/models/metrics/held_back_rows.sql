{% set of_accounts = {
    'profiles': 'profile_id', 'products': 'product_id', 'skills': 'skill', 'articles': 'article_id', 'reported_figures': 'figure_id',
    'order_profiles': 'order_id', 'product_events': 'product_event_id', 'source_counts': 'count_id',
    'business_hours': 'rows.account_id',
    'topic_decisions': joined_id(['topic_id', 'cast(' ~ microseconds('decided_at') ~ ' as ' ~ dbt.type_string() ~ ')']),
    'visitors': joined_id(['visitor_id', 'profile_id']), 'tickets': joined_id(['platform', 'ticket_id']),
} %}

-- The rows that wait for a parent, each with the load that brought it (2.3).
with waiting as (
    select account_id, table_name, row_id, parent_table, parent_id, _first_load
    from {{ ref('int_held_back') }}
    union all
    select account_id, 'order_lines' as table_name, order_line_id as row_id, parent_table, parent_id, _first_load
    from {{ ref('int_held_back_lines') }}
    union all
    select
        orders.account_id, 'orders' as table_name, orders.order_id as row_id,
        'accounts' as parent_table, orders.account_id as parent_id, orders._first_load
    from {{ ref('int_orders') }} as orders
    left join {{ ref('int_accounts') }} as accounts
        on orders.account_id = accounts.account_id
    where accounts.account_id is null
    {% for table, row_id in of_accounts.items() %}
    union all
    select
        rows.account_id, '{{ table }}' as table_name, {{ row_id }} as row_id,
        'accounts' as parent_table, rows.account_id as parent_id, rows._first_load
    from {{ ref('stg_' ~ table) }} as rows
    left join {{ ref('int_accounts') }} as accounts
        on rows.account_id = accounts.account_id
    where accounts.account_id is null
    {% endfor %}
)

select
    waiting.account_id, waiting.table_name as {{ adapter.quote('table') }}, waiting.row_id, waiting.parent_table, waiting.parent_id,
    loads.source, loads.loaded_at as waiting_since
from waiting
left join {{ source('lake', 'loads') }} as loads
    on waiting.table_name = loads.table_name and waiting._first_load = loads.{{ adapter.quote('load') }}
