-- The dates on which changed conversations counted in the build before. It is read before their new rows are written;
-- changed_days adds the dates of these, and of order lines.
{% if is_full_build() %}
{{ empty_set('changed_days') }}
{% else %}
select conversations.account_id, conversations.started_on as date
from {{ source('previous_metrics', 'conversations') }} as conversations
where {{ is_in('changed_conversations', ['conversations.account_id', 'conversations.conversation_id']) }}
union
select interactions.account_id, interactions.occurred_on
from {{ source('previous', 'int_interactions') }} as interactions
where {{ is_in('changed_conversations', ['interactions.account_id', 'interactions.conversation_id']) }}
union
select usage.account_id, usage.date
from {{ source('previous', 'int_skill_usage') }} as usage
where {{ is_in('changed_conversations', ['usage.account_id', 'usage.conversation_id']) }}
{% endif %}
