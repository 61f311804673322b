{#- The tail of a `with`: `latest`, the newest version of every key in `relation` (landing contract, head): the greatest
    `updated_at` (null is the oldest), then the later load, file and position. `_first_load` brought the first of them. -#}
{% macro latest_versions(relation, key) -%}
    {{ return(adapter.dispatch('latest_versions')(relation, key)) }}
{%- endmacro %}

{% macro version_order() -%} updated_at desc nulls last, _load desc, _file desc, _position desc {%- endmacro %}

{% macro default__latest_versions(relation, key) -%}
ranked as (
    select
        *,
        min(_load) over (partition by {{ key | join(', ') }}) as _first_load,
        row_number() over (partition by {{ key | join(', ') }} order by {{ version_order() }}) as version_rank
    from {{ relation }}
),

latest as (
    select * from ranked where version_rank = 1
)
{%- endmacro %}

{#- Sorting all rows is the dearest way to find a few doubles: only keys that occur more than once are ranked.
    Keys are compared by hash first; a collision only makes the ranking look at a row too many. -#}
{% macro duckdb__latest_versions(relation, key) -%}
repeated as (
    select hash({{ key | join(', ') }}) as key_hash
    from {{ relation }}
    group by key_hash
    having count(*) > 1
),

ranked as (
    select
        *,
        min(_load) over (partition by {{ key | join(', ') }}) as _first_load,
        row_number() over (partition by {{ key | join(', ') }} order by {{ version_order() }}) as version_rank
    from {{ relation }}
    where hash({{ key | join(', ') }}) in (select key_hash from repeated)
),

latest as (
    select * exclude (version_rank) from ranked where version_rank = 1
    union all
    select *, _load as _first_load from {{ relation }}
    where hash({{ key | join(', ') }}) not in (select key_hash from repeated)
)
{%- endmacro %}
