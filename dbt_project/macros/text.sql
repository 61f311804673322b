{#- Emails are compared without surrounding blanks and with ASCII letters in lower case (4.2); nothing but blanks is not an email. -#}
{% macro email_key(email) -%}
    nullif(
        translate(trim(both ' ' from {{ email }}), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'), ''
    )
{%- endmacro %}

{#- Phones are compared without blanks, hyphens, points and brackets (4.2). What is then not 7 to 15 digits, with or without a plus before
    them, or is one digit over and over, is not a phone: it would join strangers. -#}
{% macro phone_key(phone) -%}
    {%- set bare = "translate(" ~ phone ~ ", ' -.()[]', '')" -%}
    case
        when {{ bare }} <> ''
            and regexp_replace({{ bare }}, '^[+]?[0-9]{7,15}$', '') = ''
            and translate({{ bare }}, concat('+', right({{ bare }}, 1)), '') <> ''
            then {{ bare }}
    end
{%- endmacro %}

{#- Text as delivered, or null where it consists of blanks (3.9). -#}
{% macro unless_blank(text) -%} case when trim(both ' ' from {{ text }}) <> '' then {{ text }} end {%- endmacro %}

{#- First and last name joined by a space, whichever exist (3.9). -#}
{% macro full_name(first_name, last_name) -%}
    nullif(concat_ws(' ', {{ unless_blank(first_name) }}, {{ unless_blank(last_name) }}), '')
{%- endmacro %}

{#- An id made of parts, each escaped so that no two lists of parts give the same text (7.2). -#}
{% macro joined_id(parts) -%}
    concat_ws('/'
        {%- for part in parts %}, replace(replace({{ part }}, '%', '%25'), '/', '%2F'){% endfor -%}
    )
{%- endmacro %}

{#- Names a text by what it says: MD5 of its UTF-8 in lower-case hex, the same on every engine and in Python (8.1). -#}
{% macro text_key(text) -%} md5({{ text }}) {%- endmacro %}

{#- A question that cannot stand alone, read with the turn before it (8.1). -#}
{% macro with_context(earlier, text) -%} concat(left({{ earlier }}, 400), ' … ', {{ text }}) {%- endmacro %}
