{#- Instants as whole microseconds since 1970, which both engines add and compare alike (13.3). -#}
{% macro microseconds(instant) -%} {{ return(adapter.dispatch('microseconds')(instant)) }} {%- endmacro %}

{% macro default__microseconds(instant) -%} unix_micros({{ instant }}) {%- endmacro %}

{% macro duckdb__microseconds(instant) -%} epoch_us({{ instant }}) {%- endmacro %}

{% macro microseconds_of_a_day() -%} 86400000000 {%- endmacro %}

{#- The day of UTC in which an instant of microseconds lies, as a number of days since 1970. -#}
{% macro utc_day(microseconds) -%} cast(floor(({{ microseconds }}) / 86400000000.0) as bigint) {%- endmacro %}

{#- Whole minutes of a span of microseconds, rounded down; null where it would go backwards (13.3). -#}
{% macro whole_minutes(span) -%} case when ({{ span }}) >= 0 then cast(floor(({{ span }}) / 60000000.0) as bigint) end {%- endmacro %}

{#- By how many microseconds a time zone is ahead of UTC at an instant of microseconds. -#}
{% macro utc_offset(microseconds, timezone) -%} {{ return(adapter.dispatch('utc_offset')(microseconds, timezone)) }} {%- endmacro %}

{% macro default__utc_offset(microseconds, timezone) -%}
    unix_micros(from_utc_timestamp(timestamp_micros({{ microseconds }}), {{ timezone }})) - ({{ microseconds }})
{%- endmacro %}

{% macro duckdb__utc_offset(microseconds, timezone) -%}
    epoch_us(timezone({{ timezone }}, make_timestamptz({{ microseconds }}))) - ({{ microseconds }})
{%- endmacro %}

{#- The date so many days after the first of 1970, as text. -#}
{% macro text_of_day(day) -%} {{ return(adapter.dispatch('text_of_day')(day)) }} {%- endmacro %}

{% macro default__text_of_day(day) -%} cast(date_add(date '1970-01-01', cast({{ day }} as int)) as string) {%- endmacro %}

{% macro duckdb__text_of_day(day) -%} cast(date '1970-01-01' + cast({{ day }} as integer) as varchar) {%- endmacro %}

{#- The weekday of such a day, as three letters: 1 January 1970 was a Thursday. -#}
{% macro weekday_of_day(day) -%} substr('thufrisatsunmontuewed', cast(3 * ((({{ day }}) % 7 + 7) % 7) + 1 as int), 3) {%- endmacro %}

{#- One row for each whole number (64 bits) from `first` to `last`, as `alias`; to be written after `from <relation>`. -#}
{% macro each_number(first, last, alias) -%} {{ return(adapter.dispatch('each_number')(first, last, alias)) }} {%- endmacro %}

{% macro default__each_number(first, last, alias) -%} lateral view explode(sequence(cast({{ first }} as bigint), cast({{ last }} as bigint))) as {{ alias }} {%- endmacro %}

{% macro duckdb__each_number(first, last, alias) -%} cross join unnest(generate_series({{ first }}, {{ last }})) as each_number_of_{{ alias }} ({{ alias }}) {%- endmacro %}

{#- The elements of a list that is written with commas between them. -#}
{% macro split_by_commas(text) -%} split({{ text }}, ',') {%- endmacro %}
