{{ config(materialized='view') }}

-- The business hours of this run (13.3): those of the settings replace those that a source delivered, whole.
with from_settings as (
    select
        account_id, timezone,
        case when weekly <> '' then {{ split_by_commas('weekly') }} end as weekly,
        case when overrides <> '' then {{ split_by_commas('overrides') }} end as overrides
    from {{ source('lake', 'business_hours_settings') }}
),

hours as (
    select account_id, timezone, weekly, overrides
    from from_settings
    union all
    select account_id, timezone, weekly, overrides
    from {{ ref('stg_business_hours') }}
    where account_id not in (select from_settings.account_id from from_settings)
)

select
    hours.account_id, coalesce(hours.timezone, accounts.timezone) as timezone,
    hours.weekly, hours.overrides
from hours
inner join {{ ref('int_account_settings') }} as accounts
    on hours.account_id = accounts.account_id
