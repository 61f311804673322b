{#- Incremental strategy: what belongs to the changed keys goes, what the model gives for them comes.
    Rows that a change made disappear are gone too, which no merge by key can do.
    A model names its set of changed keys in `meta.changed_by`, a published one in the dictionary, and reads only `changed_rows`. -#}
{% macro get_incremental_replace_changed_sql(arg_dict) -%}
    {%- set target_relation = arg_dict['target_relation'] -%}
    {%- set set = config.get('meta')['changed_by'] -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    delete from {{ target_relation }} as replaced
    using {{ ref(set) }} as changed
    where
        {% for key in changed_keys(set) -%}
        replaced.{{ key }} = changed.{{ key }}{% if not loop.last %} and {% endif %}
        {%- endfor %};

    insert into {{ target_relation }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
