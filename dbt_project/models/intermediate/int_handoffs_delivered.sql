{{ config(materialized='table') }}

-- The hand-offs that our deliveries brought to somebody, and of which no source tells (3.4). Which there were before is read by
-- changed_conversations first.
-- depends_on: {{ ref('changed_conversations') }}
select account_id, conversation_id, method, platform, ticket_id, delivered_at
from {{ source('lake', 'handoffs_delivered') }}
