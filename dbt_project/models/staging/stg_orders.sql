{{ config(unique_key=['account_id', 'order_id', 'payload_key'], meta={'month_of': 'placed_at'}) }}

-- Every version of every order, not only the newest: which of them are refused for their currency is known
-- only beside the account's row that counts, and can change (2.2). One row for each different payload.
with source as (
    select
        account_id, order_id, profile_id, visitor_id,
        currency, email, phone, order_line_ids,
        placed_at, cancelled_at,
        md5(_payload) as payload_key, _payload as payload, _source as source, _loaded_at as loaded_at,
        updated_at, _load, _file, _position
    from {{ source('lake', 'orders') }}
    where _refused is null
),

{{ latest_versions('source', ['account_id', 'order_id', 'payload_key']) }}

{% if is_incremental() %},

-- An order of which the same and only version came again is not news.
versions as (
    select account_id, order_id, payload_key from latest
    union
    select counted.account_id, counted.order_id, counted.payload_key
    from {{ this }} as counted
    where exists (
        select 1 from latest
        where latest.account_id = counted.account_id and latest.order_id = counted.order_id
    )
),

single as (
    select account_id, order_id
    from versions
    group by account_id, order_id
    having count(*) = 1
)
{% endif %}

select
    latest.account_id, latest.order_id, latest.profile_id, latest.visitor_id,
    latest.currency, latest.email, latest.phone, latest.order_line_ids,
    latest.placed_at, latest.cancelled_at,
    latest.payload_key, latest.payload, latest.source, latest.loaded_at,
    latest.updated_at, latest._load, latest._file, latest._position,
    {% if is_incremental() %}coalesce(counted._first_load, latest._first_load) as _first_load{% else %}latest._first_load{% endif %},
    {{ build_number() }} as changed_in
from latest
{% if is_incremental() %}
left join {{ this }} as counted
    on
        latest.account_id = counted.account_id
        and latest.order_id = counted.order_id
        and latest.payload_key = counted.payload_key
left join single
    on latest.account_id = single.account_id and latest.order_id = single.order_id
where counted.order_id is null or single.order_id is null
{% endif %}
