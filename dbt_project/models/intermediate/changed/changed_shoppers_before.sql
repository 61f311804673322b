-- Whose the changed rows were in the build before, of all that definitions ask of (12.1). It is read before their new rows are
-- written; changed_shoppers adds whose they are now.
{% if is_full_build() or target.type == 'spark' %}
{{ empty_set('changed_shoppers') }}
{% else %}
with rows_before as (
    select conversations.account_id, conversations.profile_id, conversations.conversation_id
    from {{ source('previous_metrics', 'conversations') }} as conversations
    where {{ is_in('changed_conversations', ['conversations.account_id', 'conversations.conversation_id']) }}
    union all
    select interactions.account_id, interactions.profile_id, interactions.conversation_id
    from {{ source('previous_metrics', 'interactions') }} as interactions
    where {{ is_in('changed_conversations', ['interactions.account_id', 'interactions.conversation_id']) }}
    union all
    select orders.account_id, orders.profile_id, cast(null as {{ dbt.type_string() }}) as conversation_id
    from {{ source('previous_metrics', 'orders') }} as orders
    where {{ is_in('changed_order_totals', ['orders.account_id', 'orders.order_id']) }}
    union all
    select lines.account_id, lines.profile_id, lines.conversation_id
    from {{ source('previous_metrics', 'attributed_order_lines') }} as lines
    where {{ is_in('changed_order_lines', ['lines.account_id', 'lines.order_line_id']) }}
    union all
    select tickets.account_id, tickets.profile_id, tickets.conversation_id
    from {{ source('previous_metrics', 'tickets') }} as tickets
    where {{ is_in('changed_tickets', ['tickets.account_id', 'tickets.ticket_id']) }}
)

select distinct account_id, {{ shopper() }} as shopper
from rows_before
where profile_id is not null or conversation_id is not null
{% endif %}
