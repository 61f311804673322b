-- What a source's own reports say beside our figure, and why they differ (chapter 10).
with skill_usage as (
    select
        figures.account_id, figures.figure_id,
        coalesce(sum(usage.messages), 0) as messages,
        coalesce(sum(usage.conversations), 0) as conversations
    from {{ ref('int_reported_figures') }} as figures
    left join {{ ref('daily_skill_usage') }} as usage
        on
            figures.account_id = usage.account_id
            and figures.skill = usage.skill
            and usage.date between figures.first_on and figures.last_on
            and (figures.channel is null or figures.channel = usage.channel)
    where figures.statistic = 'skill_volume'
    group by figures.account_id, figures.figure_id
),

compared as (
    select
        figures.*,
        coalesce(cast(skill_usage.messages as decimal(18, 4)), recounted.ours) as ours,
        recounted.ours_on_utc_dates,
        coalesce(cast(skill_usage.conversations as decimal(18, 4)), recounted.theirs) as ours_by_their_definition,
        recounted.theirs_on_utc_dates
    from {{ ref('int_reported_figures') }} as figures
    left join {{ ref('int_recounted_figures') }} as recounted
        on figures.account_id = recounted.account_id and figures.figure_id = recounted.figure_id
    left join skill_usage
        on figures.account_id = skill_usage.account_id and figures.figure_id = skill_usage.figure_id
)

select
    account_id, figure_id, source, first_on, last_on, statistic, channel, status, skill,
    ours,
    value as theirs,
    cast(ours - value as decimal(18, 4)) as difference,
    ours_on_utc_dates,
    ours_by_their_definition,
    case
        when coalesce(ours, 0) = value then null
        when ours_by_their_definition = value then 'definition'
        -- between once per conversation and date, and every message
        when statistic = 'skill_volume' and value between ours_by_their_definition and ours then 'definition'
        when ours_on_utc_dates = value or theirs_on_utc_dates = value then 'time_zone'
        when statistic <> 'resolution_rate' and ours_by_their_definition < value then 'late_data'
        when reported_at < {{ hours_later('ends_at', 168) }} then 'late_data'
        else 'unknown'
    end as likely_reason,
    reported_at
from compared
