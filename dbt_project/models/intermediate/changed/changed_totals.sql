-- Conversations whose row is written anew: changed ones, those whose shopper may have come back (13.4), and those that won or lost
-- an order line.
{% if is_full_build() %}
{{ empty_set('changed_totals') }}
{% else %}
select account_id, conversation_id
from {{ ref('changed_recontacts') }}
union
select account_id, was_conversation_id
from {{ ref('changed_order_lines') }}
where was_conversation_id is not null
union
select lines.account_id, lines.conversation_id
from {{ ref('attributed_order_lines') }} as lines
where {{ is_in('changed_order_lines', ['lines.account_id', 'lines.order_line_id']) }}
{% endif %}
