{#- A query that the engine has laid for segments, by its name; it gives no rows where there is nothing to ask. -#}
{% macro laid_query(name) -%}
    {%- set laid = source('lake', 'segment_queries') -%}
    {%- if execute and (target.type != 'duckdb' or load_relation(laid) is not none) -%}
        {{ return(run_query("select query from " ~ laid ~ " where name = '" ~ name ~ "'").columns[0].values()[0]) }}
    {%- endif -%}
    {{ return('select null') }}
{%- endmacro %}

{#- Why marketing may or may not be sent to an address (12.3). -#}
{% macro reach(address, is_allowed) -%}
    case
        when {{ address }} is null then 'no_address'
        when {{ is_allowed }} then 'reachable'
        when not {{ is_allowed }} then 'not_allowed'
        else 'not_known'
    end
{%- endmacro %}

{#- The key of a row's shopper (12.1): the profile, else the conversation; null where the row has neither. -#}
{% macro shopper(has_conversation=true) -%}
    case
        when profile_id is not null then concat('p/', profile_id)
        {%- if has_conversation %} when conversation_id is not null then concat('c/', conversation_id){% endif %}
    end
{%- endmacro %}

{#- All rows of the shoppers of `int_shoppers`, which stands before it in the model's `with`; `known` and `anonymous` do, too. -#}
{% macro rows_of_shoppers(relation, has_conversation=true) -%}
    select rows.*
    from {{ relation }} as rows
    inner join known
        on rows.account_id = known.account_id and rows.profile_id = known.profile_id
    {%- if has_conversation %}
    union all
    select rows.*
    from {{ relation }} as rows
    inner join anonymous
        on rows.account_id = anonymous.account_id and rows.conversation_id = anonymous.conversation_id
    where rows.profile_id is null
    {%- endif %}
{%- endmacro %}
