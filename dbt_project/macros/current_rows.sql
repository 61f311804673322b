{#- Rule 2.1: of several rows with one key one counts. The newest version of every row that this build reads; when
    the build goes on from the one before, only what beats the row that counted so far and differs from it.
    `remember` names columns whose value before this build is kept as `was_<column>`, so that what the row
    belonged to is derived anew as well. Versions that do not meet the `condition` are not there.
    `_first_load` is the load since which there is a row with the key. -#}
{% macro current_rows(table, key, columns, remember=[], condition=none) -%}
with source as (
    select
        {{ columns | join(', ') }},
        updated_at, _load, _file, _position
    from {{ source('lake', table) }}
    where _refused is null{% if condition %} and {{ condition }}{% endif %}
),

{{ latest_versions('source', key) }}

{% if is_incremental() %}
select
    {% for column in columns -%} latest.{{ column }}, {% endfor %}
    latest.updated_at,
    coalesce(counted._first_load, latest._first_load) as _first_load,
    {{ build_number() }} as changed_in
    {%- for column in remember %},
    counted.{{ column }} as was_{{ column }}
    {%- endfor %}
from latest
left join {{ this }} as counted
    on
        {% for column in key -%}
        latest.{{ column }} = counted.{{ column }}{% if not loop.last %} and {% endif %}
        {%- endfor %}
where
    counted.{{ key[0] }} is null
    or (
        (counted.updated_at is null or latest.updated_at >= counted.updated_at)
        and (
            latest.updated_at is distinct from counted.updated_at
            {%- for column in columns if column not in key %}
            or latest.{{ column }} is distinct from counted.{{ column }}
            {%- endfor %}
        )
    )
{% else %}
select
    {{ columns | join(', ') }},
    updated_at,
    _first_load,
    {{ build_number() }} as changed_in
    {%- for column in remember %},
    cast(null as {{ dbt.type_string() }}) as was_{{ column }}
    {%- endfor %}
from latest
{% endif %}
{%- endmacro %}
