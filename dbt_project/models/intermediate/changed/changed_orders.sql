-- Orders of which a version came, or whose account may want another currency now (2.2).
{% if is_full_build() %}
{{ empty_set('changed_orders') }}
{% else %}
select distinct account_id, order_id
from {{ ref('stg_orders') }} as orders
where
    {{ is_new() }}
    or {{ is_in('changed_accounts', ['orders.account_id']) }}
{% endif %}
