{#- The delivered messages that this build derives from: all in a full build, else those of changed conversations, or threads. -#}
{% macro messages_to_derive(messages='changed_messages') -%}
    {%- set everything, changed = ref('stg_messages'), ref(messages) -%}
    {{ return(everything if is_full_build() else changed) }}
{%- endmacro %}

{#- Messages of started conversations in the order of their thread (3.2), with their local date (1.1). -#}
{% macro thread() -%}
select
    messages.account_id, messages.message_id, messages.conversation_id,
    cast(row_number() over (
        partition by messages.account_id, messages.conversation_id
        order by messages.sent_at, messages.message_id
    ) as bigint) as position,
    messages.sender, messages.text, messages.skill, messages.recommended_product_ids, messages.article_ids,
    messages.sent_at,
    {{ local_date_near('messages.sent_at', 'conversations.started_at', 'conversations.utc_offset', 'conversations.timezone') }} as sent_on
from {{ messages_to_derive() }} as messages
inner join (
    select
        account_id, conversation_id, timezone, started_at,
        {{ offset_around('started_at', 'timezone') }} as utc_offset
    from ({{ changed_rows(ref('int_started_conversations'), 'changed_conversations') }}) as started
) as conversations
    on
        messages.account_id = conversations.account_id
        and messages.conversation_id = conversations.conversation_id
where messages.sent_at <= {{ as_of() }}
{%- endmacro %}
