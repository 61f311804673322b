-- Conversations of which anything may differ from the build before: changed threads, those that a changed ticket belonged to
-- or belongs to now (4.4), and those of which the ledger of deliveries says something else than before (3.4).
{% if is_full_build() %}
{{ empty_set('changed_conversations') }}
{% else %}
with handed_over as (
    select account_id, conversation_id, method, platform, ticket_id, delivered_at
    from {{ source('lake', 'handoffs_delivered') }}
),

handed_over_before as (
    select account_id, conversation_id, method, platform, ticket_id, delivered_at
    from {{ source('previous', 'int_handoffs_delivered') }}
),

differing as (
    (
        select * from handed_over
        except
        select * from handed_over_before
    )
    union all
    (
        select * from handed_over_before
        except
        select * from handed_over
    )
    union all
    select * from handed_over
    where {{ has_come('delivered_at') }}
)

select account_id, conversation_id
from {{ ref('changed_threads') }}
union
select account_id, conversation_id
from differing
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
