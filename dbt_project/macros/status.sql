{#- A conversation of this status was handed off (8.2). -#}
{% macro is_handed_off(status) -%} {{ status }} in ('routed', 'closed') {%- endmacro %}
