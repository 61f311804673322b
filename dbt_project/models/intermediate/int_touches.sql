{{ config(meta={'changed_by': 'changed_conversations', 'month_of': 'touched_at'}) }}

-- What joins a conversation and a product at an instant, and until when an order counts for it (5.1).
with interactions as (
    {{ changed_rows(ref('int_interactions'), 'changed_conversations') }}
),

touches as (
    select
        account_id, conversation_id, channel, product_id, profile_id, visitor_id,
        'click' as touch_type, interaction_id as touch_id, occurred_at as touched_at
    from interactions
    where
        product_id is not null
        and (
            (type = 'product_card_click' and channel in ('web_chat', 'sms'))
            or (type = 'link_click' and channel = 'sms')
        )
    union all
    select
        interactions.account_id, interactions.conversation_id, interactions.channel, products.product_id,
        interactions.profile_id, interactions.visitor_id,
        'open' as touch_type, interactions.interaction_id as touch_id, interactions.occurred_at as touched_at
    from interactions
    inner join {{ ref('int_message_products') }} as products
        on
            interactions.account_id = products.account_id
            and interactions.message_id = products.message_id
            and interactions.conversation_id = products.conversation_id
    where interactions.type = 'message_opened'
    union all
    select
        account_id, conversation_id, 'sms' as channel, product_id, profile_id, visitor_id,
        'delivery' as touch_type, message_id as touch_id, sent_at as touched_at
    from {{ ref('int_message_products') }}
),

windows as (
    select
        touches.*,
        case
            when touches.touch_type = 'open' then accounts.sms_open_window_hours
            when touches.touch_type = 'delivery' then accounts.sms_delivery_window_hours
            when touches.channel = 'sms' then accounts.sms_click_window_hours
            else accounts.web_chat_click_window_hours
        end as window_hours
    from touches
    inner join {{ ref('int_accounts') }} as accounts
        on touches.account_id = accounts.account_id
)

select
    account_id, conversation_id, product_id, touch_id, profile_id, visitor_id,
    channel, touch_type,
    touched_at, {{ hours_later('touched_at', 'window_hours') }} as expires_at
from windows
where window_hours > 0
