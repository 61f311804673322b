{{ config(materialized='view') }}

-- The touches of 5.1, and the inferred ones of 5.6.
select
    account_id, conversation_id, product_id, touch_id, profile_id, visitor_id, channel, touch_type, touched_at, expires_at
from {{ ref('int_touches') }}
union all
select
    account_id, conversation_id, product_id, product_event_id as touch_id, profile_id, visitor_id, channel, touch_type,
    touched_at, expires_at
from {{ ref('int_inferred_touches') }}
