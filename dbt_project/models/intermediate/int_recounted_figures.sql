{{ config(materialized='table') }}

-- Every reported figure of conversations counted again from our rows: as we count and as the source does, on the
-- account's dates and on those of UTC.
with figures as (
    select account_id, figure_id, source, statistic, channel, status, first_on, last_on
    from {{ ref('int_reported_figures') }}
    where statistic in ('volume', 'resolution_rate')
),

days as (
    select
        definition, 'date' as calendar, account_id, source, channel, status, date,
        sum(conversations) as conversations
    from {{ ref('int_counted_conversations') }}
    group by definition, account_id, source, channel, status, date
    union all
    select
        definition, 'utc_date' as calendar, account_id, source, channel, status, utc_date as date,
        sum(conversations) as conversations
    from {{ ref('int_counted_conversations') }}
    group by definition, account_id, source, channel, status, utc_date
),

dates as (
    select distinct account_id, source, date
    from days
),

-- Of each figure its dates, and only then what was counted on them: each figure beside all that was ever counted is work that grows
-- with the square of the years. `distinct` keeps the engine to this order.
figure_dates as (
    select distinct figures.account_id, figures.figure_id, dates.date
    from figures
    inner join dates
        on
            figures.account_id = dates.account_id
            and figures.source = dates.source
            and dates.date between figures.first_on and figures.last_on
),

counted as (
    select
        figures.account_id, figures.figure_id,
        {{ conversations_counted('ours', 'date') }} as ours,
        {{ conversations_counted('ours', 'date', 'resolved') }} as ours_resolved,
        {{ conversations_counted('ours', 'utc_date') }} as ours_on_utc_dates,
        {{ conversations_counted('ours', 'utc_date', 'resolved') }} as ours_resolved_on_utc_dates,
        {{ conversations_counted('theirs', 'date') }} as theirs,
        {{ conversations_counted('theirs', 'date', 'resolved') }} as theirs_resolved,
        {{ conversations_counted('theirs', 'utc_date') }} as theirs_on_utc_dates,
        {{ conversations_counted('theirs', 'utc_date', 'resolved') }} as theirs_resolved_on_utc_dates
    from figures
    inner join figure_dates
        on figures.account_id = figure_dates.account_id and figures.figure_id = figure_dates.figure_id
    inner join days
        on
            figures.account_id = days.account_id
            and figures.source = days.source
            and figure_dates.date = days.date
            and (figures.channel is null or figures.channel = days.channel)
            and (figures.status is null or figures.status = days.status)
    group by figures.account_id, figures.figure_id
)

select
    figures.account_id, figures.figure_id,
    {{ as_statistic('coalesce(ours, 0)', 'ours_resolved') }} as ours,
    {{ as_statistic('coalesce(ours_on_utc_dates, 0)', 'ours_resolved_on_utc_dates') }} as ours_on_utc_dates,
    {{ as_statistic('coalesce(theirs, 0)', 'theirs_resolved') }} as theirs,
    {{ as_statistic('coalesce(theirs_on_utc_dates, 0)', 'theirs_resolved_on_utc_dates') }} as theirs_on_utc_dates
from figures
left join counted
    on figures.account_id = counted.account_id and figures.figure_id = counted.figure_id
