{{ config(materialized='table') }}

-- The business hours that count (13.3). What they were before is read by changed_business_hours first.
-- depends_on: {{ ref('changed_business_hours') }}
select * from {{ ref('int_business_hour_settings') }}
