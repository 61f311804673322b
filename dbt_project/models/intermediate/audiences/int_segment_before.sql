{{ config(materialized='table', tags=['topics']) }}

-- Who was in which segment before this build, as of its as-of (12.2): the last change until then decides; where there are only later
-- ones, as before a look at the past, the first of them tells what was before it; without any, whoever was in is in.
with known as (
    select account_id, segment
    from {{ source('lake', 'segments_before') }}
),

changes as (
    select
        changes.account_id, changes.segment, changes.profile_id, changes.changed_at, changes.change,
        changes.changed_at > {{ as_of() }} as is_later
    from {{ source('lake', 'segment_changes_before') }} as changes
    inner join known
        on changes.account_id = known.account_id and changes.segment = known.segment
),

ranked as (
    select
        *,
        row_number() over (
            partition by account_id, segment, profile_id, is_later order by changed_at desc
        ) as newest_first,
        row_number() over (
            partition by account_id, segment, profile_id, is_later order by changed_at asc
        ) as oldest_first
    from changes
),

told as (
    select
        account_id, segment, profile_id,
        max(case when not is_later and newest_first = 1 then change end) as last_change,
        max(case when not is_later and newest_first = 1 then changed_at end) as last_changed_at,
        max(case when is_later and oldest_first = 1 then change end) as next_change
    from ranked
    group by account_id, segment, profile_id
),

members as (
    select members.account_id, members.segment, members.profile_id, members.entered_at
    from {{ source('lake', 'segment_members_before') }} as members
    inner join known
        on members.account_id = known.account_id and members.segment = known.segment
)

select
    coalesce(told.account_id, members.account_id) as account_id,
    coalesce(told.segment, members.segment) as segment,
    coalesce(told.profile_id, members.profile_id) as profile_id,
    case
        when told.last_change = 'entered' then told.last_changed_at
        when told.last_change is null and members.entered_at <= {{ as_of() }} then members.entered_at
    end as entered_at
from told
full outer join members
    on
        told.account_id = members.account_id
        and told.segment = members.segment
        and told.profile_id = members.profile_id
where
    told.last_change = 'entered'
    or (told.last_change is null and told.next_change = 'left')
    or (told.last_change is null and told.next_change is null and members.profile_id is not null)
