{#- The calendar date of an instant in a time zone (1.1). -#}
{% macro local_date(instant, timezone) -%} {{ return(adapter.dispatch('local_date')(instant, timezone)) }} {%- endmacro %}

{% macro default__local_date(instant, timezone) -%} cast(from_utc_timestamp({{ instant }}, {{ timezone }}) as date) {%- endmacro %}

{% macro duckdb__local_date(instant, timezone) -%} cast({{ instant }} at time zone {{ timezone }} as date) {%- endmacro %}

{#- The local date of instants that mostly lie within a day of an `anchor`. DuckDB takes microseconds to look up a time zone, which
    is long for each of ten million messages: `offset_around` asks once for the anchor, and only what lies farther away, or near
    a change of clocks, is looked up by itself. -#}
{% macro local_date_near(instant, anchor, offset, timezone) -%} {{ return(adapter.dispatch('local_date_near')(instant, anchor, offset, timezone)) }} {%- endmacro %}

{% macro default__local_date_near(instant, anchor, offset, timezone) -%} {{ local_date(instant, timezone) }} {%- endmacro %}

{% macro duckdb__local_date_near(instant, anchor, offset, timezone) -%}
    case
        when {{ offset }} is not null and {{ instant }} between {{ anchor }} - to_hours(24) and {{ anchor }} + to_hours(24)
            then cast(make_timestamp(epoch_us({{ instant }}) + {{ offset }}) as date)
        else {{ local_date(instant, timezone) }}
    end
{%- endmacro %}

{#- By how many microseconds a time zone is ahead of UTC from 24 hours before an instant to 24 hours after it; null where clocks
    change meanwhile (no zone changes twice in two days), and on engines that need not know. -#}
{% macro offset_around(instant, timezone) -%} {{ return(adapter.dispatch('offset_around')(instant, timezone)) }} {%- endmacro %}

{% macro default__offset_around(instant, timezone) -%} cast(null as bigint) {%- endmacro %}

{% macro duckdb__offset_around(instant, timezone) -%}
    {%- set ends = [instant ~ ' - to_hours(24)', instant ~ ' + to_hours(24)'] -%}
    {%- set offsets = [] -%}
    {%- for end in ends %}{% do offsets.append('epoch_us(timezone(' ~ timezone ~ ', ' ~ end ~ ')) - epoch_us(' ~ end ~ ')') %}{% endfor -%}
    case when {{ offsets[0] }} = {{ offsets[1] }} then {{ offsets[1] }} end
{%- endmacro %}

{#- An instant some minutes later (5.6). -#}
{% macro minutes_later(instant, minutes) -%} {{ return(adapter.dispatch('minutes_later')(instant, minutes)) }} {%- endmacro %}

{% macro default__minutes_later(instant, minutes) -%} {{ instant }} + make_dt_interval(0, 0, cast({{ minutes }} as int)) {%- endmacro %}

{% macro duckdb__minutes_later(instant, minutes) -%} {{ instant }} + to_minutes({{ minutes }}) {%- endmacro %}

{#- An instant some elapsed hours later (3.3, 5.1). -#}
{% macro hours_later(instant, hours) -%} {{ return(adapter.dispatch('hours_later')(instant, hours)) }} {%- endmacro %}

{% macro default__hours_later(instant, hours) -%} {{ instant }} + make_dt_interval(0, cast({{ hours }} as int)) {%- endmacro %}

{% macro duckdb__hours_later(instant, hours) -%} {{ instant }} + to_hours({{ hours }}) {%- endmacro %}
