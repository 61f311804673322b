{#- A condition: an answer says that there is none (8.3). `text` is a column of plain_text. Each language is asked by itself: a pattern of
    all of them is more than the engine can keep at hand. Words are taken out only of texts in which something was found: a `case`
    says so, since engines work out both sides of an `and`. -#}
{% macro is_fallback(text) -%}
    {%- set rest = every_replaced(text, no_fallbacks(), ' . ') -%}
    (
        {%- for phrases in fallback_phrases().values() %}
        case when {{ is_matching(text, phrases) }} then {{ is_matching(rest, phrases) }} when {{ text }} is not null then false end
        {%- if not loop.last %} or {% endif %}
        {%- endfor %}
    )
{%- endmacro %}
