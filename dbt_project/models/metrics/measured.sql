-- Of every account and figure whether anybody told what it is counted from (11.1): a zero that nobody measured is not a zero.
{% set figures = [
    'conversations', 'routed', 'closed', 'skill_usage', 'link_clicks', 'add_to_cart_items', 'attributed_revenue',
    'web_chat_attributed_revenue', 'sms_attributed_revenue', 'inferred_revenue', 'tickets', 'recontacted', 'deflected', 'knowledge_gaps',
] %}

with orders as (
    select account_id, since
    from {{ ref('int_evidence') }}
    where figure = 'orders'
),

inferred as (
    select account_id, min(touched_at) as since
    from {{ ref('int_inferred_touches') }}
    group by account_id
),

-- Sales need a touch, and orders that it can have brought.
sales as (
    select
        touches.account_id, touches.figure, touches.table_name, touches.first_load,
        greatest(touches.since, orders.since) as since
    from {{ ref('int_evidence') }} as touches
    inner join orders
        on touches.account_id = orders.account_id
    where touches.figure in ('web_chat_touches', 'sms_touches')
),

told as (
    select account_id, figure, 'measured' as state, table_name, since, first_load
    from {{ ref('int_evidence') }}
    union all
    select account_id, replace(figure, '_touches', '_attributed_revenue') as figure, 'measured' as state, table_name, since, first_load
    from sales
    union all
    select account_id, 'attributed_revenue' as figure, 'measured' as state, table_name, since, first_load
    from sales
    union all
    select account_id, 'attributed_revenue' as figure, 'inferred' as state, null as table_name, since, null as first_load
    from inferred
    union all
    select account_id, 'inferred_revenue' as figure, 'inferred' as state, null as table_name, since, null as first_load
    from inferred
),

ranked as (
    select
        *,
        row_number() over (
            partition by account_id, figure
            order by state desc, since asc nulls last, first_load asc, table_name asc
        ) as evidence_rank
    from told
),

figures as (
    {% for figure in figures -%}
    select '{{ figure }}' as figure
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}
)

select
    accounts.account_id, figures.figure, coalesce(ranked.state, 'not_measured') as state, loads.source, ranked.since
from {{ ref('int_accounts') }} as accounts
cross join figures
left join ranked
    on accounts.account_id = ranked.account_id and figures.figure = ranked.figure and ranked.evidence_rank = 1
left join {{ source('lake', 'loads') }} as loads
    on ranked.table_name = loads.table_name and ranked.first_load = loads.{{ adapter.quote('load') }}
