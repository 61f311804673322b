{#- True when everything is built from nothing. False while dbt parses, so that every reference is seen. -#}
{% macro is_full_build() -%}
    {{ return(execute and flags.FULL_REFRESH) }}
{%- endmacro %}
