{#- A text as phrases of rules 8.3 and 13.5 are compared: in lower case, without accents, a blank for every apostrophe, a hyphen for
    every dash; the end of a line ends a sentence. Accents that are signs of their own go. -#}
{% macro plain_text(text) -%}
    translate(
        translate(replace(lower({{ text }}), 'ß', 'ss'), concat(chr(39), chr(10), chr(13), chr(9)), ' .  '),
        'àáâãäåçèéêëìíîïñòóôõöùúûüýÿ–—‑’‘`´  ̧̀́̂̃̈', 'aaaaaaceeeeiiiinooooouuuuyy---      '
    )
{%- endmacro %}

{#- The channels to which a text sends the shopper, with blanks around each; an empty text for none (13.5). Each channel is asked by
    itself: a pattern of all of them is more than the engine can keep at hand, and costs ten times as much. Words are taken out only of
    texts in which something was found. `text` is a column of plain_text. -#}
{% macro sent_to(text) -%}
    {%- set rest = every_replaced(text, phrases_to_take_out(), ' . ') -%}
    concat(
        {%- for channel, phrases in deflecting_phrases().items() %}
        case
            when {{ is_matching(text, phrases) }} then case when {{ is_matching(rest, phrases) }} then ' {{ channel }} ' else '' end
            else ''
        end{% if not loop.last %},{% endif %}
        {%- endfor %}
    )
{%- endmacro %}

{#- A condition: one of the channels is another than the conversation's. -#}
{% macro is_elsewhere(channels, channel) -%}
    replace({{ channels }}, case {{ channel }}
        when 'email' then ' email '
        when 'voice' then ' phone '
        when 'sms' then ' sms '
        when 'whatsapp' then ' whatsapp '
        when 'web_chat' then ' web_chat '
        when 'in_app' then ' web_chat '
        when 'instagram' then ' social '
        when 'facebook' then ' social '
        when 'tiktok' then ' social '
        else '-'
    end, '') <> ''
{%- endmacro %}

{#- A condition: a regular expression is found in a text. -#}
{% macro is_matching(text, pattern) -%} {{ return(adapter.dispatch('is_matching')(text, pattern)) }} {%- endmacro %}

{% macro default__is_matching(text, pattern) -%} {{ text }} rlike '{{ pattern }}' {%- endmacro %}

{% macro duckdb__is_matching(text, pattern) -%} regexp_matches({{ text }}, '{{ pattern }}') {%- endmacro %}

{#- A text in which something else stands wherever a regular expression is found. -#}
{% macro every_replaced(text, pattern, other) -%} {{ return(adapter.dispatch('every_replaced')(text, pattern, other)) }} {%- endmacro %}

{% macro default__every_replaced(text, pattern, other) -%} regexp_replace({{ text }}, '{{ pattern }}', '{{ other }}') {%- endmacro %}

{% macro duckdb__every_replaced(text, pattern, other) -%} regexp_replace({{ text }}, '{{ pattern }}', '{{ other }}', 'g') {%- endmacro %}
