{{ config(materialized='table', tags=['topics']) }}

-- Known shoppers to whom nothing can be sent now, and why (12.4): marketing may reach them nowhere, or they wait for a person.
with judged as (
    select
        reach.account_id, reach.profile_id,
        case
            when 'reachable' in (reach.email_reach, reach.sms_reach, reach.whatsapp_reach) then requests.request
            when 'not_allowed' in (reach.email_reach, reach.sms_reach, reach.whatsapp_reach) then 'not_allowed'
            when 'not_known' in (reach.email_reach, reach.sms_reach, reach.whatsapp_reach) then 'not_known'
            else 'no_address'
        end as reason
    from {{ ref('int_profile_reach') }} as reach
    left join {{ ref('int_open_requests') }} as requests
        on reach.account_id = requests.account_id and reach.profile_id = requests.profile_id
)

select account_id, profile_id, reason
from judged
where reason is not null
