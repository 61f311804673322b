{{ config(materialized='view') }}

-- The accounts of this run: a row of the settings replaces the one that a source delivered, whole.
with from_settings as (
    select * from {{ source('lake', 'account_settings') }}
),

from_sources as (
    select
        account_id, name, timezone, currency,
        auto_close_hours, web_chat_click_window_hours,
        sms_click_window_hours, sms_open_window_hours, sms_delivery_window_hours,
        inferred_touch_minutes, inferred_window_hours,
        follow_up_hours, recontact_days
    from {{ ref('stg_accounts') }}
    where account_id not in (select from_settings.account_id from from_settings)
)

select * from from_settings
union all
select * from from_sources
