{{ config(meta={'changed_by': 'changed_conversations'}) }}

-- What a source says of how many messages a conversation has, and how many of them are here (11.2).
with counts as (
    {{ changed_rows(ref('stg_source_counts'), 'changed_conversations') }}
),

here as (
    select account_id, conversation_id, count(*) as messages
    from {{ messages_to_derive() }}
    where sent_at <= {{ as_of() }}
    group by account_id, conversation_id
)

select
    counts.account_id, counts.conversation_id, counts.count_id, counts.source, counts.thing,
    counts.value as theirs,
    least(coalesce(here.messages, 0), counts.value) as ours,
    coalesce(counts.starts_at, conversations.created_at, counts.counted_at) as since
from counts
left join here
    on counts.account_id = here.account_id and counts.conversation_id = here.conversation_id
left join {{ ref('stg_conversations') }} as conversations
    on counts.account_id = conversations.account_id and counts.conversation_id = conversations.conversation_id
where counts.thing = 'messages' and counts.counted_at <= {{ as_of() }}
