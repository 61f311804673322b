{#- The queries that the engine has laid for segments: name and SQL. Nothing where there are none, or where nothing is executed. -#}
{% macro laid_queries(column, condition='true') -%}
    {%- set laid = source('lake', 'segments') -%}
    {%- if execute and (target.type != 'duckdb' or load_relation(laid) is not none) -%}
        {%- set asked -%}
            select segment, min({{ column }})
            from {{ laid }}
            where {{ column }} is not null and {{ condition }}
            group by segment
            order by segment
        {%- endset -%}
        {{ return(run_query(asked).rows | map('list') | list) }}
    {%- endif -%}
    {{ return([]) }}
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

{#- The queries that the engine has laid for shoppers whom time alone may have moved. -#}
{% macro laid_moves() -%}
    {%- set laid = source('lake', 'moved_queries') -%}
    {%- if execute and load_relation(laid) is not none -%}
        {{ return(run_query('select query from ' ~ laid ~ ' order by query').columns[0].values() | list) }}
    {%- endif -%}
    {{ return([]) }}
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
