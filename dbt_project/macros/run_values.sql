{#- Values of the run that is at work; the engine writes them into the one row of `lake.run`, so that
    nothing has to be parsed again when they change. -#}
{% macro as_of() -%} (select run.as_of from {{ source('lake', 'run') }} as run) {%- endmacro %}

{% macro previous_as_of() -%} (select run.previous_as_of from {{ source('lake', 'run') }} as run) {%- endmacro %}

{% macro build_number() -%} (select run.build_number from {{ source('lake', 'run') }} as run) {%- endmacro %}

{#- The row was written by this build, or the time between the two builds' as-of has made it count (1.3). -#}
{% macro is_new(event_time=none) -%}
    (changed_in = {{ build_number() }}{% if event_time %} or {{ has_come(event_time) }}{% endif %})
{%- endmacro %}

{% macro has_come(event_time) -%}
    ({{ event_time }} > {{ previous_as_of() }} and {{ event_time }} <= {{ as_of() }})
{%- endmacro %}
