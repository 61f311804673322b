{{ config(materialized='view') }}

-- Each product that an agent message in an SMS conversation recommended, once (5.1); other channels have no touch by message.
with recommendations as (
    select
        messages.account_id, messages.message_id, messages.conversation_id, messages.sent_at,
        messages.recommended_product_ids, conversations.profile_id, conversations.visitor_id
    from {{ ref('messages') }} as messages
    inner join {{ ref('int_conversations') }} as conversations
        on
            messages.account_id = conversations.account_id
            and messages.conversation_id = conversations.conversation_id
    where
        conversations.channel = 'sms'
        and messages.sender = 'agent'
        and messages.recommended_product_ids is not null
        {{ only_changed('changed_conversations', ['messages.account_id', 'messages.conversation_id']) }}
)

select account_id, message_id, conversation_id, product_id, profile_id, visitor_id, sent_at
from recommendations
{{ each_distinct('recommended_product_ids', 'product_id') }}
