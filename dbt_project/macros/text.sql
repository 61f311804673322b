{#- Emails are compared without surrounding blanks and with ASCII letters in lower case (4.2); nothing but blanks is not an email. -#}
{% macro email_key(email) -%}
    nullif(
        translate(trim(both ' ' from {{ email }}), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'), ''
    )
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
