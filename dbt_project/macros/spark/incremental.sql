{#- Both incremental strategies of the project on Parquet, which knows neither delete nor merge: the partitions that hold a row to
    remove or a new one are written anew, all others stay as they are.
    A model of `delete+insert` removes the rows with the keys of its new ones, one of `replace_changed` those of its changed set. -#}
{% materialization incremental, adapter='spark' -%}
    {%- set exists_already = load_relation(this) is not none and not should_full_refresh() -%}
    {{ run_hooks(pre_hooks) }}
    {%- if exists_already %}
        {%- set fresh = this.incorporate(path={'identifier': this.identifier ~ '__fresh'}) -%}
        {%- call statement('main') -%}
            create table {{ fresh }} using parquet as {{ partitioned(sql) }}
        {%- endcall -%}
        {% do replace_partitions(fresh, removed_rows(fresh)) %}
        {% do adapter.drop_relation(fresh.incorporate(type='table')) %}
    {%- else %}
        {%- call statement('main') -%}
            create table {{ this }} using parquet partitioned by (_bucket, _month) {{ spark__location_clause() }} as {{ partitioned(sql) }}
        {%- endcall -%}
    {%- endif %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [this]}) }}
{%- endmaterialization %}

{#- A condition: the row of the table goes. -#}
{% macro removed_rows(fresh) -%}
    {%- set meta = config.get('meta', {}) -%}
    {%- set set = meta.get('changed_by') -%}
    {%- set keys = changed_keys(set) if set else config.get('unique_key') -%}
    exists (
        select 1
        from {{ ref(set) if set else fresh }} as removed
        where
            {% for key in keys -%}
            removed.{{ key }} = counted.{{ key }}{% if not loop.last %} and {% endif %}
            {%- endfor %}
    )
{%- endmacro %}

{#- Write the partitions of which a row goes or to which one comes. Their names are the only thing that the driver sees. -#}
{% macro replace_partitions(fresh, is_removed) -%}
    {%- set touched = run_query(
        'select _bucket, _month, max(is_filled) from ('
        ~ ' select _bucket, _month, true as is_filled from ' ~ fresh
        ~ ' union all select counted._bucket, counted._month, false from ' ~ this ~ ' as counted where ' ~ is_removed
        ~ ') group by _bucket, _month'
    ).rows -%}
    {%- if touched | length > 0 %}
        {%- set columns = adapter.get_columns_in_relation(fresh) | map(attribute='quoted') | join(', ') -%}
        {% do run_query(
            'insert overwrite table ' ~ this ~ ' (' ~ columns ~ ')'
            ~ ' select /*+ rebalance(_bucket, _month) */ ' ~ columns ~ ' from (select ' ~ columns ~ ' from ' ~ this ~ ' as counted where ' ~ in_partitions(touched) ~ ' and not ' ~ is_removed
            ~ ' union all select ' ~ columns ~ ' from ' ~ fresh ~ ')'
        ) %}
        {% do empty_partitions(fresh, touched | rejectattr(2) | list, is_removed) %}
    {%- endif %}
{%- endmacro %}

{#- Writing leaves a partition alone to which nothing is written: those that lost all of their rows are emptied by name. -#}
{% macro empty_partitions(fresh, lost, is_removed) -%}
    {%- if lost %}
        {%- set left = run_query(
            'select distinct counted._bucket, counted._month from ' ~ this ~ ' as counted'
            ~ ' where ' ~ in_partitions(lost) ~ ' and not ' ~ is_removed
        ).rows | map('list') | list -%}
        {%- set columns = adapter.get_columns_in_relation(fresh) | map(attribute='quoted') | reject('in', ['`_bucket`', '`_month`']) -%}
        {%- set columns = columns | list -%}
        {%- for partition in lost if [partition[0], partition[1]] not in left %}
            {% do run_query(
                'insert overwrite table ' ~ this ~ " partition (_bucket = '" ~ partition[0] ~ "', _month = '" ~ partition[1] ~ "')"
                ~ ' select ' ~ columns | join(', ') ~ ' from ' ~ fresh ~ ' where false'
            ) %}
        {%- endfor %}
    {%- endif %}
{%- endmacro %}

{#- One list of names: a chain of conditions would cost the optimizer more than the work itself. -#}
{% macro in_partitions(partitions) -%}
    concat_ws('/', counted._bucket, counted._month) in (
        {%- for partition in partitions -%}
        '{{ partition[0] }}/{{ partition[1] }}'{% if not loop.last %}, {% endif %}
        {%- endfor -%}
    )
{%- endmacro %}
