{{ config(tags=['topics']) }}

-- Who entered and who left (12.2): what this build finds beside what the builds before it found. Nobody enters a segment that is
-- new; with a segment that goes, its changes go.
with before as (
    select before.account_id, before.segment, before.profile_id
    from {{ ref('int_segment_before') }} as before
    inner join {{ ref('segments') }} as segments
        on before.account_id = segments.account_id and before.segment = segments.segment
),

entered as (
    select members.account_id, members.segment, members.profile_id, 'entered' as change
    from {{ ref('segment_members') }} as members
    inner join {{ source('lake', 'segments_before') }} as known
        on members.account_id = known.account_id and members.segment = known.segment
    left join before
        on
            members.account_id = before.account_id
            and members.segment = before.segment
            and members.profile_id = before.profile_id
    where before.profile_id is null
),

departed as (
    select before.account_id, before.segment, before.profile_id, 'left' as change
    from before
    left join {{ ref('segment_members') }} as members
        on
            before.account_id = members.account_id
            and before.segment = members.segment
            and before.profile_id = members.profile_id
    where members.profile_id is null
),

found as (
    select account_id, segment, profile_id, {{ as_of() }} as changed_at, change
    from entered
    union all
    select account_id, segment, profile_id, {{ as_of() }} as changed_at, change
    from departed
),

-- Two builds as of one instant leave the later word. Changes that are later than as-of are kept: a look at the past forgets nothing.
earlier as (
    select earlier.account_id, earlier.segment, earlier.profile_id, earlier.changed_at, earlier.change
    from {{ source('lake', 'segment_changes_before') }} as earlier
    inner join {{ ref('segments') }} as segments
        on earlier.account_id = segments.account_id and earlier.segment = segments.segment
    inner join {{ source('lake', 'segments_before') }} as known
        on earlier.account_id = known.account_id and earlier.segment = known.segment
    left join found
        on
            earlier.account_id = found.account_id
            and earlier.segment = found.segment
            and earlier.profile_id = found.profile_id
            and earlier.changed_at = found.changed_at
    where
        found.profile_id is null
        and earlier.changed_at > {{ as_of() }} - interval '90' day
)

select account_id, segment, profile_id, changed_at, change
from earlier
union all
select account_id, segment, profile_id, changed_at, change
from found
