{{ config(materialized='view') }}

-- The newest event time that was counted (9.2).
with counted as (
    select max(sent_at) as event_time from {{ ref('messages') }}
    union all
    select max(occurred_at) as event_time from {{ ref('handoff_steps') }}
    union all
    select max(occurred_at) as event_time from {{ ref('interactions') }}
    union all
    {% for table, event_time in [
        ('stg_conversations', 'created_at'), ('int_orders', 'placed_at'), ('stg_visitors', 'seen_at'), ('stg_tickets', 'created_at')
    ] %}
    select max(rows.{{ event_time }}) as event_time
    from {{ ref(table) }} as rows
    inner join {{ ref('int_accounts') }} as accounts
        on rows.account_id = accounts.account_id
    where rows.{{ event_time }} <= {{ as_of() }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select max(event_time) as data_up_to
from counted
