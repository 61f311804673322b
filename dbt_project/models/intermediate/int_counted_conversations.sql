{{ config(materialized='table') }}

-- How many conversations began on which date, as we count them and as their source does: by its own status, from when
-- it made them, whoever wrote first. Only of accounts that a source has reported figures of, and of the conversations
-- of its agent: another agent's are not in its reports.
with accounts as (
    select distinct account_id, source, timezone
    from {{ ref('int_reported_figures') }}
),

conversations as (
    select
        'ours' as definition,
        ours.account_id, accounts.source, ours.channel, ours.status,
        ours.started_on as date,
        {{ local_date('ours.started_at', "'UTC'") }} as utc_date
    from {{ ref('int_conversations') }} as ours
    inner join accounts
        on ours.account_id = accounts.account_id and (ours.agent is null or ours.agent = accounts.source)
    union all
    select
        'theirs' as definition,
        theirs.account_id, accounts.source, theirs.channel,
        {{ status_in_our_words('theirs.source_status') }} as status,
        {{ local_date('theirs.created_at', 'accounts.timezone') }} as date,
        {{ local_date('theirs.created_at', "'UTC'") }} as utc_date
    from {{ ref('stg_conversations') }} as theirs
    inner join accounts
        on theirs.account_id = accounts.account_id and (theirs.agent is null or theirs.agent = accounts.source)
    where theirs.created_at <= {{ as_of() }}
)

select definition, account_id, source, channel, status, date, utc_date, count(*) as conversations
from conversations
group by definition, account_id, source, channel, status, date, utc_date
