{{ config(materialized='table') }}

-- Every reported figure of conversations counted again from our rows: as we count and as the source does, on the
-- account's dates and on those of UTC.
with counted as (
    select
        figures.account_id, figures.figure_id, figures.statistic,
        {{ conversations_counted('ours', 'date') }} as ours,
        {{ conversations_counted('ours', 'date', 'resolved') }} as ours_resolved,
        {{ conversations_counted('ours', 'utc_date') }} as ours_on_utc_dates,
        {{ conversations_counted('ours', 'utc_date', 'resolved') }} as ours_resolved_on_utc_dates,
        {{ conversations_counted('theirs', 'date') }} as theirs,
        {{ conversations_counted('theirs', 'date', 'resolved') }} as theirs_resolved,
        {{ conversations_counted('theirs', 'utc_date') }} as theirs_on_utc_dates,
        {{ conversations_counted('theirs', 'utc_date', 'resolved') }} as theirs_resolved_on_utc_dates
    from {{ ref('int_reported_figures') }} as figures
    left join {{ ref('int_counted_conversations') }} as days
        on
            figures.account_id = days.account_id
            and figures.source = days.source
            and (
                days.date between figures.first_on and figures.last_on
                or days.utc_date between figures.first_on and figures.last_on
            )
            and (figures.channel is null or figures.channel = days.channel)
            and (figures.status is null or figures.status = days.status)
    where figures.statistic in ('volume', 'resolution_rate')
    group by figures.account_id, figures.figure_id, figures.statistic
)

select
    account_id, figure_id,
    {{ as_statistic('ours', 'ours_resolved') }} as ours,
    {{ as_statistic('ours_on_utc_dates', 'ours_resolved_on_utc_dates') }} as ours_on_utc_dates,
    {{ as_statistic('theirs', 'theirs_resolved') }} as theirs,
    {{ as_statistic('theirs_on_utc_dates', 'theirs_resolved_on_utc_dates') }} as theirs_on_utc_dates
from counted
