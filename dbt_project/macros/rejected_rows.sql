{#- The tables of the landing contract. -#}
{% macro landing_tables() -%}
    {{ return([
        'accounts', 'profiles', 'visitors', 'conversations', 'messages', 'handoff_events', 'interactions',
        'orders', 'order_profiles', 'order_lines', 'product_events', 'products', 'skills', 'articles', 'tickets',
        'reported_figures', 'source_counts', 'business_hours', 'topic_decisions',
    ]) }}
{%- endmacro %}

{#- Names a refused row by what was delivered, so that it stands once however often it comes (2.2). -#}
{% macro rejected_row_id(source, table, payload) -%} md5(concat_ws('/', {{ source }}, {{ table }}, {{ payload }})) {%- endmacro %}
