{#- A view of the session. -#}
{% materialization view, adapter='spark' -%}
    {{ run_hooks(pre_hooks) }}
    {%- call statement('main') -%}
        create or replace global temporary view {{ this.identifier }} as {{ sql }}
    {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [this]}) }}
{%- endmaterialization %}

{#- The session's own schema is there already. -#}
{% macro spark__create_schema(relation) -%}
    {%- if relation.schema != 'global_temp' -%}
        {% do run_query('create schema if not exists ' ~ relation.schema) %}
    {%- endif -%}
{%- endmacro %}
