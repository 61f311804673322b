{#- The parent that a row waits for (2.3), as two columns: its account where that is unknown (`account` is null), else `parent`. -#}
{% macro missing_parent(account, parent, parent_id, account_id) -%}
    case when {{ account }} is null then 'accounts' else '{{ parent }}' end as parent_table,
    case when {{ account }} is null then {{ account_id }} else {{ parent_id }} end as parent_id
{%- endmacro %}
