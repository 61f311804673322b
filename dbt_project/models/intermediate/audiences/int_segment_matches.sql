{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table',
    tags=['topics'],
    meta={'changed_by': 'changed_shoppers'},
    pre_hook="{% if is_incremental() %}
        delete from {{ this }} where segment not in (select segment from {{ source('lake', 'segments') }} where is_answered)
    {% endif %}",
) }}

-- Who meets which definition (12.1). The engine has laid the queries (flows/audiences/sql.py). Where the build before has answered
-- the same query, it is asked about changed shoppers alone: of the tables it reads, it finds their rows under the bare names here.
-- All of the queries read these tables:
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
-- depends_on: {{ ref('handoffs') }}
-- depends_on: {{ ref('knowledge_gap_questions') }}
-- depends_on: {{ ref('knowledge_gap_topics') }}
-- depends_on: {{ ref('changed_shoppers') }}
with
{% if is_incremental() %}
int_shoppers as (
    select shoppers.account_id, shoppers.shopper
    from {{ ref('int_shoppers') }} as shoppers
    inner join {{ ref('changed_shoppers') }} as changed
        on shoppers.account_id = changed.account_id and shoppers.shopper = changed.shopper
),

known as (
    select account_id, substring(shopper, 3) as profile_id
    from int_shoppers
    where shopper like 'p/%'
),

anonymous as (
    select account_id, substring(shopper, 3) as conversation_id
    from int_shoppers
    where shopper like 'c/%'
),

{% for table in ['profiles', 'int_profile_reach', 'orders', 'order_lines'] %}
{{ table }} as (
    {{ rows_of_shoppers(ref(table), has_conversation=false) }}
),

{% endfor %}
{% for table in ['conversations', 'agent_events', 'interactions', 'attributed_order_lines', 'tickets'] %}
{{ table }} as (
    {{ rows_of_shoppers(ref(table)) }}
),

{% endfor %}
{% for table in ['messages', 'handoffs', 'knowledge_gap_questions'] %}
{{ table }} as (
    select rows.*
    from {{ ref(table) }} as rows
    inner join conversations
        on rows.account_id = conversations.account_id and rows.conversation_id = conversations.conversation_id
),

{% endfor %}
knowledge_gap_topics as (
    select * from {{ ref('knowledge_gap_topics') }}
),

{% endif %}
matches as (
    {{ laid_query('matches') }}
),

found as (
    select matches.account_id, matches.segment, matches.shopper
    from matches
    inner join {{ ref('int_shoppers') }} as shoppers
        on matches.account_id = shoppers.account_id and matches.shopper = shoppers.shopper
    {% if is_incremental() %}
    union all
    select account_id, segment, shopper
    from ({{ laid_query('matches_of_changed') }}) as matches_of_changed
    {% endif %}
)

select found.account_id, found.segment, found.shopper
from found
inner join {{ ref('int_accounts') }} as accounts
    on found.account_id = accounts.account_id
inner join {{ source('lake', 'segments') }} as segments
    on
        found.segment = segments.segment
        and (segments.account_id is null or found.account_id = segments.account_id)
