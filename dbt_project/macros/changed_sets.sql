{#- What a build has to derive anew, as sets of keys (models/intermediate/changed). In a full build the sets
    are empty and nothing is restricted by them. -#}
{% macro changed_keys(set) -%}
    {{ return({
        'changed_accounts': ['account_id'],
        'changed_business_hours': ['account_id'],
        'changed_visitors': ['account_id', 'visitor_id'],
        'changed_profiles': ['account_id', 'profile_id'],
        'changed_emails': ['account_id', 'email_key'],
        'changed_phones': ['account_id', 'phone_key'],
        'changed_orders': ['account_id', 'order_id'],
        'changed_placed_orders': ['account_id', 'order_id'],
        'changed_order_totals': ['account_id', 'order_id'],
        'changed_lines': ['account_id', 'order_line_id'],
        'changed_order_lines': ['account_id', 'order_line_id'],
        'changed_threads': ['account_id', 'conversation_id'],
        'changed_tickets': ['account_id', 'ticket_id'],
        'changed_conversations': ['account_id', 'conversation_id'],
        'changed_product_events': ['account_id', 'product_event_id'],
        'changed_recontacts': ['account_id', 'conversation_id'],
        'changed_totals': ['account_id', 'conversation_id'],
        'changed_questions': ['account_id', 'conversation_id'],
        'changed_days': ['account_id', 'date'],
        'changed_topics': ['account_id', 'topic_id'],
        'changed_shoppers': ['account_id', 'shopper'],
    }[set]) }}
{%- endmacro %}

{#- A condition: the row belongs to something that changed. `columns` are the row's names for the set's keys. With `in`, DuckDB looks only
    where the least and the greatest key of the set say that such rows may be; with `exists` it reads all of them. -#}
{% macro is_in(set, columns) -%}
    ({{ columns | join(', ') }}) in (select {{ changed_keys(set) | join(', ') }} from {{ ref(set) }})
{%- endmacro %}

{#- The rows of a relation that this build derives anew; all of them in a full build. It opens a model as a `with` of its own, so
    that what did not change is left out before anything is joined. `columns` are the relation's names for the set's keys. -#}
{% macro changed_rows(relation, set, columns=none) -%}
    {%- set names = [] -%}
    {%- for column in columns or changed_keys(set) %}{% do names.append('rows.' ~ column) %}{% endfor -%}
    select rows.*
    from {{ relation }} as rows
    {%- if not is_full_build() %}
    where {{ is_in(set, names) }}
    {%- endif %}
{%- endmacro %}

{#- No rows, with the given columns; what a changed set is in a full build. -#}
{% macro empty_set(set) -%}
    select
        {% for key in changed_keys(set) -%}
        cast(null as {{ 'date' if key == 'date' else dbt.type_string() }}) as {{ key }}{% if not loop.last %},{% endif %}
        {% endfor %}
    where false
{%- endmacro %}
