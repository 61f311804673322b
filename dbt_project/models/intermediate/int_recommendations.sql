{{ config(meta={'changed_by': 'changed_conversations', 'month_of': 'sent_at'}) }}

-- Each product that an agent message recommended, once, and until when what its shopper does with it is because of it (5.6).
-- Accounts that infer nothing have no rows.
with conversations as (
    {{ changed_rows(ref('int_conversations'), 'changed_conversations') }}
),

recommendations as (
    select
        messages.account_id, messages.message_id, messages.conversation_id, messages.recommended_product_ids,
        conversations.profile_id, conversations.visitor_id, conversations.channel,
        messages.sent_at,
        {{ minutes_later('messages.sent_at', 'accounts.inferred_touch_minutes') }} as ends_at
    from {{ ref('int_messages') }} as messages
    inner join conversations
        on
            messages.account_id = conversations.account_id
            and messages.conversation_id = conversations.conversation_id
    inner join {{ ref('int_accounts') }} as accounts
        on messages.account_id = accounts.account_id
    where
        accounts.inferred_touch_minutes > 0
        and accounts.inferred_window_hours > 0
        and messages.sender = 'agent'
        and messages.recommended_product_ids is not null
)

select account_id, message_id, conversation_id, product_id, profile_id, visitor_id, channel, sent_at, ends_at
from recommendations
{{ each_distinct('recommended_product_ids', 'product_id') }}
