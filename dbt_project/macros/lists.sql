{#- One row for each different element of a list column, as `alias`; to be written after `from <relation>`. -#}
{% macro each_distinct(list, alias) -%} {{ return(adapter.dispatch('each_distinct')(list, alias)) }} {%- endmacro %}

{% macro default__each_distinct(list, alias) -%} lateral view explode(array_distinct({{ list }})) as {{ alias }} {%- endmacro %}

{% macro duckdb__each_distinct(list, alias) -%} cross join unnest(list_distinct({{ list }})) as each_element ({{ alias }}) {%- endmacro %}

{#- The type of a list of texts. -#}
{% macro string_list() -%} {{ return(physical_type('varchar[]')) }} {%- endmacro %}
