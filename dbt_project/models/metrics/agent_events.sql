{{ config(meta={'month_of': 'occurred_at'}) }}

-- The four events that marketers build on (7.1); an event's id holds no instant and is the same in every run (7.2).
with conversations as (
    {{ changed_rows(ref('int_conversations'), 'changed_conversations') }}
),

recommendations as (
    select
        messages.account_id, messages.conversation_id, messages.message_id,
        messages.sent_at, messages.recommended_product_ids
    from {{ ref('int_messages') }} as messages
    where
        messages.sender = 'agent'
        and messages.recommended_product_ids is not null
)

select
    conversations.account_id,
    {{ joined_id(["'conversation_started'", 'conversations.account_id', 'conversations.conversation_id']) }} as event_id,
    'conversation_started' as event,
    'Started conversation with Customer Agent' as event_name,
    conversations.started_at as occurred_at,
    conversations.conversation_id, conversations.profile_id, conversations.channel,
    conversations.initial_skill,
    cast(null as {{ dbt.type_string() }}) as final_skill,
    cast(null as {{ dbt.type_string() }}) as tag,
    cast(null as {{ dbt.type_string() }}) as escalation_reason,
    cast(null as {{ string_list() }}) as product_ids
from conversations
union all
select
    conversations.account_id,
    {{ joined_id(["'conversation_resolved'", 'conversations.account_id', 'conversations.conversation_id']) }} as event_id,
    'conversation_resolved' as event,
    'Conversation with Customer Agent resolved' as event_name,
    conversations.closed_at as occurred_at,
    conversations.conversation_id, conversations.profile_id, conversations.channel,
    cast(null as {{ dbt.type_string() }}) as initial_skill,
    conversations.final_skill,
    conversations.tag,
    cast(null as {{ dbt.type_string() }}) as escalation_reason,
    cast(null as {{ string_list() }}) as product_ids
from conversations
where conversations.status = 'resolved'
union all
select
    conversations.account_id,
    {{ joined_id(["'conversation_escalated'", 'conversations.account_id', 'conversations.conversation_id']) }} as event_id,
    'conversation_escalated' as event,
    'Conversation with Customer Agent escalated' as event_name,
    conversations.routed_at as occurred_at,
    conversations.conversation_id, conversations.profile_id, conversations.channel,
    cast(null as {{ dbt.type_string() }}) as initial_skill,
    cast(null as {{ dbt.type_string() }}) as final_skill,
    conversations.tag,
    conversations.escalation_reason,
    cast(null as {{ string_list() }}) as product_ids
from conversations
where conversations.status = 'routed'
union all
select
    conversations.account_id,
    {{ joined_id([
        "'product_recommended'", 'conversations.account_id', 'conversations.conversation_id', 'recommendations.message_id'
    ]) }} as event_id,
    'product_recommended' as event,
    'Received product recommendation from Customer Agent' as event_name,
    recommendations.sent_at as occurred_at,
    conversations.conversation_id, conversations.profile_id, conversations.channel,
    cast(null as {{ dbt.type_string() }}) as initial_skill,
    cast(null as {{ dbt.type_string() }}) as final_skill,
    cast(null as {{ dbt.type_string() }}) as tag,
    cast(null as {{ dbt.type_string() }}) as escalation_reason,
    recommendations.recommended_product_ids as product_ids
from recommendations
inner join conversations
    on
        recommendations.account_id = conversations.account_id
        and recommendations.conversation_id = conversations.conversation_id
