{#- Schemas are named as the contract names them, without the target's prefix. On Spark what is not stored belongs to the session: it
    reads the lake through views of the session, which nothing that lasts may do. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if target.type == 'spark' and node.config.materialized == 'view' -%}
        global_temp
    {%- else -%}
        {{ custom_schema_name or target.schema }}
    {%- endif -%}
{%- endmacro %}
