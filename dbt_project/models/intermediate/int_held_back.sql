{{ config(meta={'changed_by': 'changed_conversations'}) }}
{% set tables = ['messages', 'handoff_events', 'interactions'] %}

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
)

select conversations.account_id, conversations.conversation_id, 'conversations' as table_name, count(*) as held_back
from conversations
left join {{ ref('int_accounts') }} as accounts
    on conversations.account_id = accounts.account_id
where accounts.account_id is null
group by conversations.account_id, conversations.conversation_id
{%- for table in tables %}
union all
select waiting.account_id, waiting.conversation_id, '{{ table }}' as table_name, count(*) as held_back
from {{ table }} as waiting
left join counted
    on
        waiting.account_id = counted.account_id
        and waiting.conversation_id = counted.conversation_id
where counted.account_id is null
group by waiting.account_id, waiting.conversation_id
{%- endfor %}
