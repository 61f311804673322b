-- Order lines whose own rows, order, shopper or account may differ from the build before.
{% if is_full_build() %}
{{ empty_set('changed_lines') }}
{% else %}
select account_id, order_line_id
from {{ ref('stg_order_lines') }}
where {{ is_new() }}
union
select account_id, order_line_id
from {{ ref('stg_line_products') }}
where {{ is_new() }}
union
select lines.account_id, lines.order_line_id
from {{ ref('stg_order_lines') }} as lines
where {{ is_in('changed_accounts', ['lines.account_id']) }}
union
select lines.account_id, lines.order_line_id
from {{ ref('stg_order_lines') }} as lines
where {{ is_in('changed_placed_orders', ['lines.account_id', 'lines.order_id']) }}
{% endif %}
