{{ config(materialized='table', tags=['topics']) }}

-- Who meets which definition (12.1). The engine has laid the queries (flows/audiences/sql.py); all of them read these tables:
-- depends_on: {{ ref('int_shoppers') }}
-- depends_on: {{ ref('int_profile_reach') }}
-- depends_on: {{ ref('profiles') }}
-- depends_on: {{ ref('conversations') }}
-- depends_on: {{ ref('messages') }}
-- depends_on: {{ ref('agent_events') }}
-- depends_on: {{ ref('interactions') }}
-- depends_on: {{ ref('orders') }}
-- depends_on: {{ ref('order_lines') }}
-- depends_on: {{ ref('attributed_order_lines') }}
-- depends_on: {{ ref('tickets') }}
-- depends_on: {{ ref('knowledge_gap_questions') }}
-- depends_on: {{ ref('knowledge_gap_topics') }}
with matches as (
    {% for segment, query in laid_queries('query') -%}
    select matches.account_id, '{{ segment }}' as segment, matches.shopper
    from ({{ query }}) as matches
    union all
    {% endfor -%}
    select account_id, cast(null as {{ physical_type('varchar') }}) as segment, shopper
    from {{ ref('int_shoppers') }}
    where 1 = 0
)

select matches.account_id, matches.segment, matches.shopper
from matches
inner join {{ ref('int_accounts') }} as accounts
    on matches.account_id = accounts.account_id
inner join {{ source('lake', 'segments') }} as segments
    on
        matches.segment = segments.segment
        and (segments.account_id is null or matches.account_id = segments.account_id)
inner join {{ ref('int_shoppers') }} as shoppers
    on matches.account_id = shoppers.account_id and matches.shopper = shoppers.shopper
