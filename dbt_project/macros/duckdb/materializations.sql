{#- How models are written in DuckDB. The adapter's own ways make each table under another name, move it to its place and look the
    columns up, so that readers never see half of it, which doubles what a small build costs. Of a candidate nobody reads before
    it is complete, a build that was cut off starts over, and another SQL is always a full build. -#}
{% materialization table, adapter='duckdb' -%}
    {%- set target = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {%- call statement('main') -%} {{ made_anew(target, sql) }} {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {% do persist_docs(target, model) %}
    {% do adapter.commit() %}
    {{ return({'relations': [target]}) }}
{%- endmaterialization %}

{% materialization view, adapter='duckdb' -%}
    {%- set target = this.incorporate(type='view') -%}
    {{ run_hooks(pre_hooks) }}
    {%- call statement('main') -%} create or replace view {{ target }} as ({{ sql }}) {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {% do persist_docs(target, model) %}
    {% do adapter.commit() %}
    {{ return({'relations': [target]}) }}
{%- endmaterialization %}

{#- Of `delete+insert` the rows with the keys of the new ones go, of `replace_changed` those of the model's set of changed keys: rows
    that a change made disappear are gone too, which no merge by key can do. Then what the model gives comes. -#}
{% materialization incremental, adapter='duckdb' -%}
    {%- set target = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {%- if load_cached_relation(this) is none or should_full_refresh() -%}
        {%- call statement('main') -%} {{ made_anew(target, sql) }} {%- endcall -%}
    {%- else -%}
        {%- set fresh = adapter.quote(this.identifier ~ '__fresh') -%}
        {%- set set = config.get('meta', {}).get('changed_by') -%}
        {%- call statement('main') -%}
            create or replace temporary table {{ fresh }} as ({{ sql }});

            delete from {{ target }} as replaced
            using {{ ref(set) if set else fresh }} as changed
            where
                {% for key in (changed_keys(set) if set else config.get('unique_key')) -%}
                replaced.{{ key }} = changed.{{ key }}{% if not loop.last %} and {% endif %}
                {%- endfor %};

            insert into {{ target }} by name
            from {{ fresh }};

            drop table {{ fresh }}
        {%- endcall -%}
    {%- endif -%}
    {{ run_hooks(post_hooks) }}
    {% do persist_docs(target, model) %}
    {% do adapter.commit() %}
    {{ return({'relations': [target]}) }}
{%- endmaterialization %}

{% macro made_anew(target, sql) -%}
    drop table if exists {{ target }};
    {{ create_table_as(false, target, sql) }}
{%- endmacro %}
