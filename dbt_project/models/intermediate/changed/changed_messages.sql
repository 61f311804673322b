-- The messages of changed conversations, as delivered. Many models read them: looking them up in a long history once is enough,
-- and those of changed threads were looked up before.
{% if is_full_build() %}
select * from {{ ref('stg_messages') }}
where false
{% else %}
with others as (
    select account_id, conversation_id from {{ ref('changed_conversations') }}
    except
    select account_id, conversation_id from {{ ref('changed_threads') }}
)

select * from {{ ref('changed_thread_messages') }}
union all
select messages.*
from {{ ref('stg_messages') }} as messages
where
    exists (
        select 1
        from others
        where
            others.account_id = messages.account_id
            and others.conversation_id = messages.conversation_id
    )
{% endif %}
