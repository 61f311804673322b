{{ config(materialized='table') }}
{% set day = microseconds_of_a_day() %}
{% set minute = 60000000 %}
{% set hour = 60 * minute %}

-- The time around the hand-offs of this build as spans of each day of UTC, in which the shop is open or is not (13.3), and the time
-- that it had been open before each. An instant lies in one span of its day, and the open time until then is a sum.
-- A local date with one offset from UTC is shifted by it. Where clocks change, the intervals are read with the offset before the
-- change until then, and with the one after it from then on: an hour that is left out is in neither, one that comes twice in both.
with chains as (
    select
        account_id,
        least(began_at, solved_at, first_automatic_at) as first_at,
        greatest(began_at, handed_off_at, created_at, replied_at, solved_at, last_automatic_at) as last_at
    from {{ ref('int_handoff_chains') }}
),

hours as (
    select
        hours.account_id, hours.timezone,
        {{ utc_day(microseconds('min(chains.first_at)')) }} as first_day,
        {{ utc_day(microseconds('max(chains.last_at)')) }} as last_day
    from {{ ref('int_business_hours') }} as hours
    inner join chains
        on hours.account_id = chains.account_id
    group by hours.account_id, hours.timezone
),

-- Two days on either side: local dates are up to 14 hours ahead of UTC, and a zone may have left one out.
dates as (
    select hours.account_id, hours.timezone, local_day, {{ text_of_day('local_day') }} as local_date
    from hours
    {{ each_number('hours.first_day - 2', 'hours.last_day + 2', 'local_day') }}
),

told_dates as (
    select distinct account_id, day
    from {{ ref('int_business_intervals') }}
),

local_intervals as (
    select
        dates.timezone, dates.account_id, dates.local_day,
        dates.local_day * {{ day }} + intervals.opens * {{ minute }} as opens,
        dates.local_day * {{ day }} + intervals.closes * {{ minute }} as closes
    from dates
    left join told_dates
        on dates.account_id = told_dates.account_id and dates.local_date = told_dates.day
    inner join {{ ref('int_business_intervals') }} as intervals
        on
            dates.account_id = intervals.account_id
            and coalesce(told_dates.day, {{ weekday_of_day('dates.local_day') }}) = intervals.day
    where intervals.opens is not null
),

offsets as (
    select
        timezone, local_day,
        {{ utc_offset('local_day * ' ~ day ~ ' - ' ~ 15 * hour, 'timezone') }} as offset_before,
        {{ utc_offset('local_day * ' ~ day ~ ' + ' ~ 37 * hour, 'timezone') }} as offset_after
    from (select distinct timezone, local_day from local_intervals) as zoned
),

minutes_of_changes as (
    select timezone, local_day, offset_after, local_day * {{ day }} + minute_of_day * {{ minute }} as instant
    from offsets
    {{ each_number('-900', '2220', 'minute_of_day') }}
    where offset_before <> offset_after
),

changes as (
    select timezone, local_day, min(instant) as changes_at
    from minutes_of_changes
    where {{ utc_offset('instant', 'timezone') }} = offset_after
    group by timezone, local_day
),

read_before as (
    select
        intervals.account_id, offsets.timezone, offsets.local_day, offsets.offset_after, changes.changes_at,
        intervals.opens, intervals.closes,
        intervals.opens - offsets.offset_before as opens_before,
        least(intervals.closes - offsets.offset_before, changes.changes_at) as closes_before
    from local_intervals as intervals
    inner join offsets
        on intervals.timezone = offsets.timezone and intervals.local_day = offsets.local_day
    left join changes
        on intervals.timezone = changes.timezone and intervals.local_day = changes.local_day
),

intervals as (
    select account_id, opens_before as opens, closes_before as closes
    from read_before
    where opens_before < closes_before
    union all
    select account_id, greatest(opens - offset_after, changes_at) as opens, closes - offset_after as closes
    from read_before
    where changes_at < closes - offset_after
),

days as (
    select account_id, utc_day
    from hours
    {{ each_number('hours.first_day', 'hours.last_day', 'utc_day') }}
),

parts as (
    select account_id, utc_day, opens, closes
    from intervals
    {{ each_number(utc_day('intervals.opens'), utc_day('intervals.closes - 1'), 'utc_day') }}
),

turns as (
    select account_id, utc_day, utc_day * {{ day }} as begins, 0 as is_open
    from days
    union all
    select account_id, utc_day, greatest(opens, utc_day * {{ day }}) as begins, 1 as is_open
    from parts
    union all
    select account_id, utc_day, least(closes, (utc_day + 1) * {{ day }}) as begins, 0 as is_open
    from parts
),

spans as (
    select
        account_id, utc_day, begins, is_open,
        lead(begins, 1, (utc_day + 1) * {{ day }}) over (
            partition by account_id, utc_day
            order by begins, is_open
        ) as ends
    from turns
)

select
    account_id, utc_day, begins, ends, is_open = 1 as is_open,
    cast(sum(is_open * (ends - begins)) over (partition by account_id order by begins, ends) as bigint)
    - is_open * (ends - begins) as open_before
from spans
where begins < ends
