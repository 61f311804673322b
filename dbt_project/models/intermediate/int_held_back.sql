{{ config(meta={'changed_by': 'changed_conversations'}) }}

-- Rows of conversations that wait for a parent (2.3): an unknown account or conversation, or one that does not count yet.
with counted as (
    select conversations.account_id, conversations.conversation_id
    from {{ ref('stg_conversations') }} as conversations
    inner join {{ ref('int_accounts') }} as accounts
        on conversations.account_id = accounts.account_id
    where conversations.created_at <= {{ as_of() }}
)

{% for table in ['messages', 'handoff_events', 'interactions'] %}
select rows.account_id, rows.conversation_id, '{{ table }}' as table_name, count(*) as held_back
from {{ ref('stg_' ~ table) }} as rows
left join counted
    on
        rows.account_id = counted.account_id
        and rows.conversation_id = counted.conversation_id
where
    counted.account_id is null
    {{ only_changed('changed_conversations', ['rows.account_id', 'rows.conversation_id']) }}
group by rows.account_id, rows.conversation_id
union all
{% endfor %}
select rows.account_id, rows.conversation_id, 'conversations' as table_name, count(*) as held_back
from {{ ref('stg_conversations') }} as rows
left join {{ ref('int_accounts') }} as accounts
    on rows.account_id = accounts.account_id
where
    accounts.account_id is null
    {{ only_changed('changed_conversations', ['rows.account_id', 'rows.conversation_id']) }}
group by rows.account_id, rows.conversation_id
