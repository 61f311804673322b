{{ config(materialized='table') }}

-- What was delivered that a figure can be counted from (11.1), of each account and figure: since when, and the load that brought the
-- first of it. It need not count: a click of a conversation that is not known yet still shows that clicks are told.
{% set simple = [
    ('conversations', 'conversations', 'created_at', 'true'),
    ('routed', 'handoff_events', 'occurred_at', "type in ('accepted', 'ticket_created', 'human_joined')"),
    ('routed', 'tickets', 'created_at', 'true'),
    ('routed', 'messages', 'sent_at', "sender = 'human'"),
    ('closed', 'handoff_events', 'occurred_at', "type = 'message_sent'"),
    ('skill_usage', 'messages', 'sent_at', "sender = 'agent' and skill is not null"),
    ('deflected', 'messages', 'sent_at', "sender = 'agent' and text is not null"),
    ('link_clicks', 'interactions', 'occurred_at', "type in ('product_card_click', 'link_click')"),
    ('add_to_cart_items', 'interactions', 'occurred_at', "type = 'add_to_cart'"),
    ('tickets', 'tickets', 'created_at', 'true'),
    ('orders', 'orders', 'placed_at', 'true'),
] %}
{% set is_touch %}(
    (events.type = 'product_card_click' and events.product_id is not null and conversations.channel in ('web_chat', 'sms'))
    or (events.type = 'link_click' and events.product_id is not null and conversations.channel = 'sms')
    or (events.type = 'message_opened' and conversations.channel = 'sms')
){% endset %}

{% for figure, table, event_time, condition in simple -%}
select account_id, '{{ figure }}' as figure, '{{ table }}' as table_name, min({{ event_time }}) as since, min(_first_load) as first_load
from {{ ref('stg_' ~ table) }}
where {{ condition }} and {{ event_time }} <= {{ as_of() }}
group by account_id
union all
{% endfor -%}
-- Who comes back is seen of shoppers who are known, where the account asks (13.4).
select
    conversations.account_id, 'recontacted' as figure, 'conversations' as table_name,
    min(conversations.created_at) as since, min(conversations._first_load) as first_load
from {{ ref('stg_conversations') }} as conversations
inner join {{ ref('int_conversations') }} as known
    on
        conversations.account_id = known.account_id
        and conversations.conversation_id = known.conversation_id
        and (known.profile_id is not null or known.visitor_id is not null)
inner join {{ ref('int_accounts') }} as accounts
    on conversations.account_id = accounts.account_id
where coalesce(accounts.recontact_days, 7) > 0
group by conversations.account_id
union all
select
    account_id, 'knowledge_gaps' as figure, 'articles' as table_name,
    cast(null as {{ physical_type('timestamp with time zone') }}) as since, min(_first_load) as first_load
from {{ ref('stg_articles') }}
where is_published and body is not null
group by account_id
union all
-- Touches of each channel that has them (5.1): clicks and openings, and the products that a text message brought.
select
    events.account_id, concat(conversations.channel, '_touches') as figure, 'interactions' as table_name,
    min(events.occurred_at) as since, min(events._first_load) as first_load
from {{ ref('stg_interactions') }} as events
inner join {{ ref('stg_conversations') }} as conversations
    on events.account_id = conversations.account_id and events.conversation_id = conversations.conversation_id
where {{ is_touch }} and events.occurred_at <= {{ as_of() }}
group by events.account_id, conversations.channel
union all
select
    messages.account_id, 'sms_touches' as figure, 'messages' as table_name,
    min(messages.sent_at) as since, min(messages._first_load) as first_load
from {{ ref('stg_messages') }} as messages
inner join {{ ref('stg_conversations') }} as conversations
    on messages.account_id = conversations.account_id and messages.conversation_id = conversations.conversation_id
where
    messages.sender = 'agent' and messages.recommended_product_ids is not null
    and conversations.channel = 'sms' and messages.sent_at <= {{ as_of() }}
group by messages.account_id
