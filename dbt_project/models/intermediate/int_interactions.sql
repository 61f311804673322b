{{ config(meta={'changed_by': 'changed_conversations', 'month_of': 'occurred_on'}) }}

-- What shoppers did in started conversations, with the shopper it belongs to (4.2, 4.3) and its date (1.1).
-- depends_on: {{ ref('changed_days_before') }}
with interactions as (
    {{ changed_rows(ref('stg_interactions'), 'changed_conversations') }}
),

conversations as (
    {{ changed_rows(ref('int_conversations'), 'changed_conversations') }}
)

select
    interactions.account_id, interactions.interaction_id, interactions.conversation_id,
    interactions.message_id, interactions.product_id,
    coalesce(interactions.profile_id, visitors.profile_id, conversations.profile_id) as profile_id,
    coalesce(interactions.visitor_id, conversations.visitor_id) as visitor_id,
    conversations.channel, interactions.type, interactions.url,
    interactions.quantity,
    {{ local_date('interactions.occurred_at', 'conversations.timezone') }} as occurred_on,
    interactions.occurred_at
from interactions
inner join conversations
    on
        interactions.account_id = conversations.account_id
        and interactions.conversation_id = conversations.conversation_id
left join {{ ref('int_visitor_profiles') }} as visitors
    on
        interactions.account_id = visitors.account_id
        and interactions.visitor_id = visitors.visitor_id
where interactions.occurred_at <= {{ as_of() }}
