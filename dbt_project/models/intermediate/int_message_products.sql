{{ config(materialized='table') }}

-- Each product that an agent message in an SMS conversation recommended, once (5.1), of the conversations
-- of this build; other channels have no touch by message.
with conversations as (
    {{ changed_rows(ref('int_conversations'), 'changed_conversations') }}
),

recommendations as (
    select
        messages.account_id, messages.message_id, messages.conversation_id, messages.sent_at,
        messages.recommended_product_ids, conversations.profile_id, conversations.visitor_id
    from {{ ref('int_messages') }} as messages
    inner join conversations
        on
            messages.account_id = conversations.account_id
            and messages.conversation_id = conversations.conversation_id
    where
        conversations.channel = 'sms'
        and messages.sender = 'agent'
        and messages.recommended_product_ids is not null
)

select account_id, message_id, conversation_id, product_id, profile_id, visitor_id, sent_at
from recommendations
{{ each_distinct('recommended_product_ids', 'product_id') }}
