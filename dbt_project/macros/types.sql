{#- Generated from contract/types.py by `make generate`: change it there.
    The engine's word for a type of the contracts in models/metrics. -#}
{% macro physical_type(data_type) -%} {{ return(adapter.dispatch('physical_type')(data_type)) }} {%- endmacro %}

{% macro duckdb__physical_type(data_type) -%} {{ return(data_type) }} {%- endmacro %}

{% macro spark__physical_type(data_type) -%}
    {{ return({
        'varchar': 'string',
        'bigint': 'bigint',
        'decimal(18,4)': 'decimal(18,4)',
        'double': 'double',
        'boolean': 'boolean',
        'timestamp with time zone': 'timestamp',
        'date': 'date',
        'varchar[]': 'array<string>',
    }[data_type]) }}
{%- endmacro %}
