{{ config(materialized='table', tags=['topics']) }}

-- Shoppers who wait for a person (12.3): a conversation that was handed over and is not closed, or a ticket that is not solved.
with handoffs as (
    select account_id, profile_id, 'open_handoff' as request
    from {{ ref('conversations') }}
    where profile_id is not null and {{ is_handed_off('status') }} and closed_at is null
),

tickets as (
    select account_id, profile_id, 'open_ticket' as request
    from {{ ref('tickets') }}
    where profile_id is not null and solved_at is null
),

requests as (
    select account_id, profile_id, request
    from handoffs
    union all
    select account_id, profile_id, request
    from tickets
)

select account_id, profile_id, min(request) as request
from requests
group by account_id, profile_id
