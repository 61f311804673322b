{#- The calendar date of an instant in a time zone (1.1). -#}
{% macro local_date(instant, timezone) -%} {{ return(adapter.dispatch('local_date')(instant, timezone)) }} {%- endmacro %}

{% macro default__local_date(instant, timezone) -%} cast(from_utc_timestamp({{ instant }}, {{ timezone }}) as date) {%- endmacro %}

{% macro duckdb__local_date(instant, timezone) -%} cast({{ instant }} at time zone {{ timezone }} as date) {%- endmacro %}

{#- An instant some elapsed hours later (3.3, 5.1). -#}
{% macro hours_later(instant, hours) -%} {{ return(adapter.dispatch('hours_later')(instant, hours)) }} {%- endmacro %}

{% macro default__hours_later(instant, hours) -%} {{ instant }} + make_dt_interval(0, cast({{ hours }} as int)) {%- endmacro %}

{% macro duckdb__hours_later(instant, hours) -%} {{ instant }} + to_hours({{ hours }}) {%- endmacro %}
