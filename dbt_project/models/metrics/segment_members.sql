{{ config(tags=['topics']) }}

-- The known shoppers who meet a definition, since when (12.2), and whether a delivery may reach them (12.3).
with members as (
    select account_id, segment, shopper
    from {{ ref('int_segment_matches') }}
    where shopper like 'p/%'
)

select
    profiles.account_id, members.segment, profiles.profile_id,
    profiles.email, profiles.phone,
    case
        when before.profile_id is not null then before.entered_at
        when known.segment is not null then {{ as_of() }}
    end as entered_at,
    reach.email_reach, reach.sms_reach, reach.whatsapp_reach,
    case when segments.is_suppressing then requests.request end as suppressed_by
from members
inner join {{ ref('profiles') }} as profiles
    on members.account_id = profiles.account_id and members.shopper = concat('p/', profiles.profile_id)
inner join {{ ref('int_profile_reach') }} as reach
    on profiles.account_id = reach.account_id and profiles.profile_id = reach.profile_id
inner join {{ source('lake', 'segments') }} as segments
    on
        members.segment = segments.segment
        and (segments.account_id is null or members.account_id = segments.account_id)
left join {{ ref('int_open_requests') }} as requests
    on profiles.account_id = requests.account_id and profiles.profile_id = requests.profile_id
left join {{ ref('int_segment_before') }} as before
    on
        profiles.account_id = before.account_id
        and members.segment = before.segment
        and profiles.profile_id = before.profile_id
left join {{ source('lake', 'segments_before') }} as known
    on members.account_id = known.account_id and members.segment = known.segment
