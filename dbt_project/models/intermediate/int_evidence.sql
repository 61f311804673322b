{{ config(materialized='table') }}

-- What was delivered that a figure can be counted from (11.1), of each account and figure: since when, and the load that brought the
-- first of it. It need not count: a click of a conversation that is not known yet still shows that clicks are told.
{% set figures = {
    'conversations': ('created_at', {'conversations': 'true'}),
    'handoff_events': ('occurred_at', {
        'routed': "type in ('accepted', 'ticket_created', 'human_joined')", 'closed': "type = 'message_sent'",
    }),
    'tickets': ('created_at', {'routed': 'true', 'tickets': 'true'}),
    'messages': ('sent_at', {
        'routed': "sender = 'human'",
        'skill_usage': "sender = 'agent' and skill is not null",
        'deflected': "sender = 'agent' and text is not null",
    }),
    'interactions': ('occurred_at', {
        'link_clicks': "type in ('product_card_click', 'link_click')", 'add_to_cart_items': "type = 'add_to_cart'",
    }),
    'orders': ('placed_at', {'orders': 'true'}),
} %}
{% set is_touch %}(
    (events.type = 'product_card_click' and events.product_id is not null and conversations.channel in ('web_chat', 'sms'))
    or (events.type = 'link_click' and events.product_id is not null and conversations.channel = 'sms')
    or (events.type = 'message_opened' and conversations.channel = 'sms')
){% endset %}

{% for table, (event_time, conditions) in figures.items() -%}
{{ 'with ' if loop.first }}seen_{{ table }} as (
    select
        account_id,
        {% for figure, condition in conditions.items() -%}
        min({{ event_time }}) filter (where {{ condition }}) as {{ figure }}_since,
        min(_first_load) filter (where {{ condition }}) as {{ figure }}_first_load{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('stg_' ~ table) }}
    where {{ event_time }} <= {{ as_of() }}
    group by account_id
){{ ',' if not loop.last }}

{% endfor -%}
{% for table, (_, conditions) in figures.items() -%}{% for figure in conditions -%}
select account_id, '{{ figure }}' as figure, '{{ table }}' as table_name, {{ figure }}_since as since, {{ figure }}_first_load as first_load
from seen_{{ table }}
where {{ figure }}_since is not null
union all
{% endfor %}{% endfor -%}
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
