{{ config(materialized='table') }}

-- The hand-offs that our deliveries brought to somebody as an event (3.4). Which there were before is read by changed_conversations first.
-- depends_on: {{ ref('changed_conversations') }}
select account_id, conversation_id, method, delivered_at
from {{ source('lake', 'handoffs_delivered') }}
