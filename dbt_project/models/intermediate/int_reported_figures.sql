{{ config(materialized='table') }}

-- Figures of the sources' own reports, with the dates that they are of (1.2).
select
    figures.account_id, figures.figure_id, figures.source, figures.statistic,
    figures.channel, figures.status, figures.skill, figures.tool, figures.value, figures.reported_at, figures.ends_at,
    accounts.timezone,
    {{ local_date('figures.starts_at', 'accounts.timezone') }} as first_on,
    cast({{ dbt.dateadd('day', -1, local_date('figures.ends_at', 'accounts.timezone')) }} as date) as last_on
from {{ ref('stg_reported_figures') }} as figures
inner join {{ ref('int_accounts') }} as accounts
    on figures.account_id = accounts.account_id
