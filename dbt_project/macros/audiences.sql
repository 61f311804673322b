{#- The queries that the engine has laid for segments: name and SQL. Nothing where there are none, or where nothing is executed. -#}
{% macro laid_queries(column) -%}
    {%- set laid = source('lake', 'segments') -%}
    {%- if execute and (target.type != 'duckdb' or load_relation(laid) is not none) -%}
        {%- set asked -%}
            select segment, min({{ column }}) from {{ laid }} where {{ column }} is not null group by segment order by segment
        {%- endset -%}
        {{ return(run_query(asked).rows | map('list') | list) }}
    {%- endif -%}
    {{ return([]) }}
{%- endmacro %}

{#- Why marketing may or may not be sent to an address (12.3). -#}
{% macro reach(address, is_allowed) -%}
    case
        when {{ address }} is null then 'no_address'
        when {{ is_allowed }} then 'reachable'
        when not {{ is_allowed }} then 'not_allowed'
        else 'not_known'
    end
{%- endmacro %}
