-- Conversations of which anything may differ from the build before: changed threads, and those that a changed ticket belonged to
-- or belongs to now (4.4).
{% if is_full_build() %}
{{ empty_set('changed_conversations') }}
{% else %}
select account_id, conversation_id
from {{ ref('changed_threads') }}
union
select account_id, was_conversation_id
from {{ ref('changed_tickets') }}
where was_conversation_id is not null
union
select tickets.account_id, tickets.conversation_id
from {{ ref('int_tickets') }} as tickets
where
    tickets.conversation_id is not null
    and {{ is_in('changed_tickets', ['tickets.account_id', 'tickets.ticket_id']) }}
{% endif %}
