{{ config(materialized='view', tags=['topics']) }}

-- Everybody of whom a definition can ask (12.1): known shoppers, `p/` and the profile, and conversations whose shopper nobody
-- knows, `c/` and the conversation.
select account_id, concat('p/', profile_id) as shopper
from {{ ref('profiles') }}
union all
select account_id, concat('c/', conversation_id) as shopper
from {{ ref('conversations') }}
where profile_id is null
