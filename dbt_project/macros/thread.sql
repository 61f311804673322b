{#- Messages of started conversations in the order of their thread (3.2). -#}
{% macro thread(messages) -%}
select
    messages.account_id, messages.message_id, messages.conversation_id,
    row_number() over (
        partition by messages.account_id, messages.conversation_id
        order by messages.sent_at, messages.message_id
    ) as position,
    messages.sender, messages.text, messages.skill, messages.recommended_product_ids, messages.sent_at
from {{ messages }} as messages
inner join {{ ref('int_started_conversations') }} as conversations
    on
        messages.account_id = conversations.account_id
        and messages.conversation_id = conversations.conversation_id
where messages.sent_at <= {{ as_of() }}
{%- endmacro %}
