{{ config(materialized='table') }}

-- The accounts that count, with the settings that their numbers depend on (2.3, 2.4). What they were before is read
-- by changed_accounts first.
-- depends_on: {{ ref('changed_accounts') }}
select * from {{ ref('int_account_settings') }}
