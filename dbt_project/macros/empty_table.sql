{#- A table with the columns of the model's contract and no rows. -#}
{% macro empty_table() -%}
    select
        {% for column in model.columns.values() -%}
        cast(null as {{ physical_type(column.data_type) }}) as {{ adapter.quote(column.name) }}{% if not loop.last %},{% endif %}
        {% endfor %}
    where false
{%- endmacro %}
