{#- A condition: an answer says that there is none (8.3). `text` is a column of plain_text. Each language is asked by itself: a pattern of
    all of them is more than the engine can keep at hand. Words are taken out only of texts in which something was found. -#}
{% macro is_fallback(text) -%}
    {%- set rest = every_replaced(text, no_fallbacks(), ' . ') -%}
    (
        {%- for phrases in fallback_phrases().values() %}
        ({{ is_matching(text, phrases) }} and {{ is_matching(rest, phrases) }}){% if not loop.last %} or {% endif %}
        {%- endfor %}
    )
{%- endmacro %}
