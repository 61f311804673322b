{{ config(materialized='table', tags=['topics']) }}

-- The first instant after as-of at which time alone changes a follow-up (1.3, 12.4): it becomes due, or expires, or is too old to
-- be shown, or was sent, as the ledger says of a time after as-of.
with ahead as (
    select due_at as instant
    from {{ ref('follow_ups') }}
    where state = 'waiting'
    union all
    select {{ hours_later('due_at', 24) }} as instant
    from {{ ref('follow_ups') }}
    where state in ('waiting', 'due', 'not_reachable')
    union all
    select recommended_at + interval '30' day as instant
    from {{ ref('follow_ups') }}
    union all
    select sent.sent_at as instant
    from {{ source('lake', 'follow_ups_sent') }} as sent
    inner join {{ ref('follow_ups') }} as follow_ups
        on sent.account_id = follow_ups.account_id and sent.conversation_id = follow_ups.conversation_id
    where sent.sent_at > {{ as_of() }}
)

select min(instant) as next_change_at
from ahead
