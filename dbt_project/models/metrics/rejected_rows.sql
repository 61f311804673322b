-- What the landing contract refused, word for word, and orders in another currency than their account's (2.2).
select rejected_row_id, source, table_name as {{ adapter.quote('table') }}, reason, payload, rejected_at
from {{ ref('stg_rejected_rows') }}
union all
select
    {{ rejected_row_id('source', "'orders'", 'payload') }} as rejected_row_id,
    source, 'orders' as {{ adapter.quote('table') }}, reason, payload, loaded_at as rejected_at
from {{ ref('int_refused_orders') }}
