{{ config(meta={'month_of': 'occurred_on'}) }}

-- Clicks, carts and openings of every started conversation.
-- depends_on: {{ ref('changed_shoppers_before') }}
with interactions as (
    {{ changed_rows(ref('int_interactions'), 'changed_conversations') }}
)

select
    account_id, interaction_id, conversation_id, message_id,
    type, occurred_at, product_id, url, quantity, profile_id, occurred_on
from interactions
