-- What a source's own reports say beside our figure, and why they differ (chapter 10).
-- Of figures of skills first their dates (int_recounted_figures).
with skill_dates as (
    select distinct figures.account_id, figures.figure_id, figures.skill, figures.channel, usage.date
    from {{ ref('int_reported_figures') }} as figures
    inner join (select distinct account_id, skill, date from {{ ref('daily_skill_usage') }}) as usage
        on
            figures.account_id = usage.account_id
            and figures.skill = usage.skill
            and usage.date between figures.first_on and figures.last_on
    where figures.statistic = 'skill_volume'
),

skill_usage as (
    select
        figures.account_id, figures.figure_id,
        sum(usage.messages) as messages,
        sum(usage.conversations) as conversations
    from skill_dates as figures
    inner join {{ ref('daily_skill_usage') }} as usage
        on
            figures.account_id = usage.account_id
            and figures.skill = usage.skill
            and figures.date = usage.date
            and (figures.channel is null or figures.channel = usage.channel)
    group by figures.account_id, figures.figure_id
),

-- Conversations of which messages are here, but not the conversation: nobody told its channel.
without_channel as (
    select waiting.account_id, waiting.conversation_id, min(waiting.event_at) as started_at
    from {{ ref('int_held_back') }} as waiting
    left join {{ ref('stg_conversations') }} as known
        on waiting.account_id = known.account_id and waiting.conversation_id = known.conversation_id
    where waiting.table_name = 'messages' and waiting.parent_table = 'conversations' and known.account_id is null
    group by waiting.account_id, waiting.conversation_id
),

waiting as (
    select figures.account_id, figures.figure_id, count(*) as conversations
    from {{ ref('int_reported_figures') }} as figures
    inner join without_channel
        on
            figures.account_id = without_channel.account_id
            and {{ local_date('without_channel.started_at', 'figures.timezone') }} between figures.first_on and figures.last_on
    group by figures.account_id, figures.figure_id
),

incomplete as (
    select account_id, source, min(since) as since
    from {{ ref('completeness') }}
    where ours < theirs
    group by account_id, source
),

compared as (
    select
        figures.*,
        case
            when figures.statistic = 'skill_volume' then cast(coalesce(skill_usage.messages, 0) as decimal(18, 4))
            else recounted.ours
        end as ours,
        recounted.ours_on_utc_dates,
        case
            when figures.statistic = 'skill_volume' then cast(coalesce(skill_usage.conversations, 0) as decimal(18, 4))
            else recounted.theirs
        end as ours_by_their_definition,
        recounted.theirs_on_utc_dates,
        coalesce(waiting.conversations, 0) as without_channel,
        incomplete.since < figures.ends_at as is_incomplete
    from {{ ref('int_reported_figures') }} as figures
    left join {{ ref('int_recounted_figures') }} as recounted
        on figures.account_id = recounted.account_id and figures.figure_id = recounted.figure_id
    left join skill_usage
        on figures.account_id = skill_usage.account_id and figures.figure_id = skill_usage.figure_id
    left join waiting
        on figures.account_id = waiting.account_id and figures.figure_id = waiting.figure_id
    left join incomplete
        on figures.account_id = incomplete.account_id and figures.source = incomplete.source
)

select
    account_id, figure_id, source, first_on, last_on, statistic, channel, status, skill, tool,
    ours,
    value as theirs,
    cast(ours - value as decimal(18, 4)) as difference,
    ours_on_utc_dates,
    ours_by_their_definition,
    case
        when tool is not null then null  -- nothing of ours tells of tools
        when coalesce(ours, 0) = value then null
        when ours_by_their_definition = value then 'definition'
        -- between once per conversation and date, and every message
        when statistic = 'skill_volume' and value between ours_by_their_definition and ours then 'definition'
        when ours_on_utc_dates = value or theirs_on_utc_dates = value then 'time_zone'
        when statistic = 'volume' and value between ours_by_their_definition and ours_by_their_definition + without_channel
            then 'no_channel'
        when is_incomplete and (statistic = 'resolution_rate' or ours_by_their_definition < value) then 'incomplete'
        when statistic <> 'resolution_rate' and ours_by_their_definition < value then 'late_data'
        when reported_at < {{ hours_later('ends_at', 168) }} then 'late_data'
        else 'unknown'
    end as likely_reason,
    reported_at
from compared
