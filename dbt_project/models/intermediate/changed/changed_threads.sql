-- Conversations of which something else than their tickets may differ from the build before: their rows, what has come or
-- timed out since, who they are with, or their account. Which conversation a ticket belongs to is found with these.
{% if is_full_build() %}
{{ empty_set('changed_threads') }}
{% else %}
{% set parts = {'messages': 'sent_at', 'handoff_events': 'occurred_at', 'interactions': 'occurred_at'} %}

with changed_rows as (
    select account_id, conversation_id
    from {{ ref('stg_conversations') }}
    where {{ is_new() }}
    union
    select account_id, conversation_id
    from {{ ref('stg_conversations') }}
    where {{ has_come('created_at') }} or {{ has_come('closed_at') }}
    {% for part, event_time in parts.items() %}
    union
    select account_id, conversation_id
    from {{ ref('stg_' ~ part) }}
    where {{ is_new() }}
    union
    select account_id, conversation_id
    from {{ ref('stg_' ~ part) }}
    where {{ has_come(event_time) }}
    union
    select account_id, was_conversation_id
    from {{ ref('stg_' ~ part) }}
    where {{ is_new() }}
    {% endfor %}
    union
    select account_id, conversation_id
    from {{ ref('stg_source_counts') }}
    where {{ is_new() }} or {{ has_come('counted_at') }}
    union
    select account_id, was_conversation_id
    from {{ ref('stg_source_counts') }}
    where {{ is_new() }}
),

timed_out as (
    select conversations.account_id, conversations.conversation_id
    from {{ source('previous', 'int_conversations') }} as conversations
    left join {{ source('previous_metrics', 'handoffs') }} as waiting
        on
            conversations.account_id = waiting.account_id
            and conversations.conversation_id = waiting.conversation_id
            and waiting.outcome = 'waiting'
    where
        {{ has_come('conversations.times_out_at') }}
        and (conversations.closed_by is null or waiting.outcome is not null)
),

other_hours as (
    select handoffs.account_id, handoffs.conversation_id
    from {{ source('previous_metrics', 'handoffs') }} as handoffs
    where {{ is_in('changed_business_hours', ['handoffs.account_id']) }}
),

other_shopper as (
    select conversations.account_id, conversations.conversation_id
    from {{ ref('stg_conversations') }} as conversations
    where {{ is_in('changed_visitors', ['conversations.account_id', 'conversations.visitor_id']) }}
    union
    select interactions.account_id, interactions.conversation_id
    from {{ ref('stg_interactions') }} as interactions
    where {{ is_in('changed_visitors', ['interactions.account_id', 'interactions.visitor_id']) }}
    union
    select conversations.account_id, conversations.conversation_id
    from {{ source('previous', 'int_conversations') }} as conversations
    where {{ is_in('changed_profiles', ['conversations.account_id', 'conversations.profile_id']) }}
    union
    select steps.account_id, steps.conversation_id
    from {{ ref('stg_handoff_events') }} as steps
    where
        steps.type = 'email_provided'
        and {{ is_in('changed_emails', ['steps.account_id', email_key('steps.email')]) }}
    union
    select conversations.account_id, conversations.conversation_id
    from {{ ref('stg_conversations') }} as conversations
    where {{ is_in('changed_emails', ['conversations.account_id', email_key('conversations.email')]) }}
),

other_account as (
    {% for table in ['conversations'] + parts.keys() | list %}
    select rows.account_id, rows.conversation_id
    from {{ ref('stg_' ~ table) }} as rows
    where {{ is_in('changed_accounts', ['rows.account_id']) }}
    {% if not loop.last %}union{% endif %}
    {% endfor %}
),

changed as (
    select * from changed_rows
    union
    select * from timed_out
    union
    select * from other_hours
    union
    select * from other_shopper
    union
    select * from other_account
)

select account_id, conversation_id
from changed
where conversation_id is not null
{% endif %}
