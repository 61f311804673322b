-- Orders whose row is written anew: changed ones, and those that won or lost a line, or of which a line changed.
{% if is_full_build() %}
{{ empty_set('changed_order_totals') }}
{% else %}
select account_id, order_id
from {{ ref('changed_placed_orders') }}
union
select lines.account_id, lines.order_id
from {{ ref('stg_order_lines') }} as lines
where {{ is_in('changed_lines', ['lines.account_id', 'lines.order_line_id']) }}
union
select lines.account_id, lines.order_id
from {{ source('previous_metrics', 'order_lines') }} as lines
where {{ is_in('changed_lines', ['lines.account_id', 'lines.order_line_id']) }}
{% endif %}
