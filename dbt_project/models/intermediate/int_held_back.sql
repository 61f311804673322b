{{ config(meta={'changed_by': 'changed_conversations'}) }}
{% set tables = {'messages': 'message_id', 'handoff_events': 'handoff_event_id', 'interactions': 'interaction_id'} %}
{% set event_times = {'messages': 'sent_at', 'handoff_events': 'occurred_at', 'interactions': 'occurred_at'} %}

-- Rows of conversations that wait for a parent (2.3): an unknown account or conversation, or one that does not count yet.
with conversations as (
    {{ changed_rows(ref('stg_conversations'), 'changed_conversations') }}
),

messages as (
    select * from {{ messages_to_derive() }}
),

handoff_events as (
    {{ changed_rows(ref('stg_handoff_events'), 'changed_conversations') }}
),

interactions as (
    {{ changed_rows(ref('stg_interactions'), 'changed_conversations') }}
),

counted as (
    select conversations.account_id, conversations.conversation_id
    from conversations
    inner join {{ ref('int_accounts') }} as accounts
        on conversations.account_id = accounts.account_id
    where conversations.created_at <= {{ as_of() }}
),

waiting as (
    select
        conversations.account_id, conversations.conversation_id,
        'conversations' as table_name, conversations.conversation_id as row_id, conversations._first_load,
        conversations.created_at as event_at
    from conversations
    left join {{ ref('int_accounts') }} as accounts
        on conversations.account_id = accounts.account_id
    where accounts.account_id is null
    {%- for table, id in tables.items() %}
    union all
    select
        rows.account_id, rows.conversation_id, '{{ table }}' as table_name, rows.{{ id }} as row_id, rows._first_load,
        rows.{{ event_times[table] }} as event_at
    from {{ table }} as rows
    left join counted
        on
            rows.account_id = counted.account_id
            and rows.conversation_id = counted.conversation_id
    where counted.account_id is null
    {%- endfor %}
)

select
    waiting.account_id, waiting.conversation_id, waiting.table_name, waiting.row_id,
    {{ missing_parent('accounts.account_id', 'conversations', 'waiting.conversation_id', 'waiting.account_id') }},
    waiting._first_load, waiting.event_at
from waiting
left join {{ ref('int_accounts') }} as accounts
    on waiting.account_id = accounts.account_id
