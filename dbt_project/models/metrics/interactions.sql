{{ config(meta={'changed_by': 'changed_conversations'}) }}

-- Clicks, carts and openings of every started conversation.
select
    account_id, interaction_id, conversation_id, message_id,
    type, occurred_at, product_id, url, quantity, profile_id
from {{ ref('int_interactions') }} as interactions
where
    true
    {{ only_changed('changed_conversations', ['interactions.account_id', 'interactions.conversation_id']) }}
