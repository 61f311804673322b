-- Product events that may be a touch of another conversation than in the build before, or of none (5.6).
{% if is_full_build() %}
{{ empty_set('changed_product_events') }}
{% else %}
select account_id, product_event_id
from {{ ref('stg_product_events') }}
where {{ is_new('occurred_at') }}
union
select events.account_id, events.product_event_id
from {{ ref('stg_product_events') }} as events
where {{ is_in('changed_accounts', ['events.account_id']) }}
union
select events.account_id, events.product_event_id
from {{ ref('stg_product_events') }} as events
where {{ is_in('changed_visitors', ['events.account_id', 'events.visitor_id']) }}
union
select touches.account_id, touches.product_event_id
from {{ source('previous', 'int_inferred_touches') }} as touches
where {{ is_in('changed_conversations', ['touches.account_id', 'touches.conversation_id']) }}
union
select events.account_id, events.product_event_id
from {{ ref('stg_product_events') }} as events
inner join {{ ref('int_recommendations') }} as recommended
    on
        events.account_id = recommended.account_id
        and events.product_id = recommended.product_id
        and events.occurred_at >= recommended.sent_at
        and events.occurred_at <= recommended.ends_at
where {{ is_in('changed_conversations', ['recommended.account_id', 'recommended.conversation_id']) }}
{% endif %}
