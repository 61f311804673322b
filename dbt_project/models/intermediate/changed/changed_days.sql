-- Dates of an account on which anything may count differently than in the build before.
{% if is_full_build() %}
{{ empty_set('changed_days') }}
{% else %}
select account_id, date
from {{ ref('changed_days_before') }}
union
select account_id, was_placed_on
from {{ ref('changed_order_lines') }}
where was_placed_on is not null
union
select lines.account_id, lines.placed_on
from {{ ref('attributed_order_lines') }} as lines
where {{ is_in('changed_order_lines', ['lines.account_id', 'lines.order_line_id']) }}
union
select conversations.account_id, conversations.started_on
from {{ ref('int_conversations') }} as conversations
where {{ is_in('changed_recontacts', ['conversations.account_id', 'conversations.conversation_id']) }}
union
select interactions.account_id, interactions.occurred_on
from {{ ref('int_interactions') }} as interactions
where {{ is_in('changed_conversations', ['interactions.account_id', 'interactions.conversation_id']) }}
union
select usage.account_id, usage.date
from {{ ref('int_skill_usage') }} as usage
where {{ is_in('changed_conversations', ['usage.account_id', 'usage.conversation_id']) }}
{% endif %}
