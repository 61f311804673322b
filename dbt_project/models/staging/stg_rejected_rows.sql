{{ config(unique_key=['rejected_row_id'], meta={'account_of': 'table_name'}) }}

-- Rows that the landing contract refused when they were delivered; the same row refused twice stands here once (2.2).
with refused as (
    select rejected_row_id, source, table_name, reason, payload, rejected_at
    from (
        {% for table in landing_tables() %}
        select
            {{ rejected_row_id('_source', "'" ~ table ~ "'", '_payload') }} as rejected_row_id,
            _source as source,
            '{{ table }}' as table_name,
            _refused as reason,
            _payload as payload,
            _loaded_at as rejected_at,
            _load, _file, _position
        from {{ source('lake', table) }}
        where _refused is not null
        {% if not loop.last %}union all{% endif %}
        {% endfor %}
    ) as delivered
    qualify row_number() over (partition by rejected_row_id order by _load, _file, _position) = 1
)

select rejected_row_id, source, table_name, reason, payload, rejected_at
from refused
{% if is_incremental() %}
where rejected_row_id not in (select counted.rejected_row_id from {{ this }} as counted)
{% endif %}
