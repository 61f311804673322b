{#- A table with the columns of the model's contract and no rows. -#}
{% macro empty_table() -%}
    select
        {% for column in model.columns.values() -%}
        cast(null as {{ physical_type(column.data_type) }}) as {{ adapter.quote(column.name) }}{% if not loop.last %},{% endif %}
        {% endfor %}
    where false
{%- endmacro %}

{#- The engine's word for a type of the contracts in models/metrics. -#}
{% macro physical_type(data_type) -%} {{ return(adapter.dispatch('physical_type')(data_type)) }} {%- endmacro %}

{% macro default__physical_type(data_type) -%}
    {{ return({'varchar': 'string', 'varchar[]': 'array<string>', 'timestamptz': 'timestamp'}.get(data_type, data_type)) }}
{%- endmacro %}

{% macro duckdb__physical_type(data_type) -%} {{ return(data_type) }} {%- endmacro %}
