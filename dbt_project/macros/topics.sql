{#- Coverage from which on an article answers a question or a topic (8.3). -#}
{% macro coverage_line() -%} cast(0.5 as double) {%- endmacro %}

{#- The share of unanswered conversations above which a topic is unanswered (8.3), from the share that is usual in its account: null
    where no conversation tells. -#}
{% macro unanswered_line(unanswered_share) -%}
    cast(0.2 as double) + cast(0.6 as double) * coalesce({{ unanswered_share }}, cast(0.5 as double))
{%- endmacro %}

{#- The share of a topic's conversations that went unanswered, evened out by three that went as its texts make expect (8.3): all
    unanswered at a score of 0, none at 1, and just as many as the line says at the line of coverage. -#}
{% macro likely_unanswered(unanswered, conversations, coverage_score, line) -%}
    (
        {{ unanswered }} + 3 * case
            when {{ coverage_score }} < {{ coverage_line() }}
                then 1 - (1 - {{ line }}) * {{ coverage_score }} / {{ coverage_line() }}
            else {{ line }} * (1 - {{ coverage_score }}) / (1 - {{ coverage_line() }})
        end
    ) / (cast({{ conversations }} as double) + 3)
{%- endmacro %}

{#- Where the work on a topic stands (8.5), null where there is none. What was dismissed stays so; an article that came after the
    decision closes everything else, unless the conversations since then make a gap of it again. -#}
{% macro topic_state(decided, decided_at, is_gap, is_covered, turned_at) -%}
    case
        when {{ decided }} = 'dismissed' then 'dismissed'
        when not {{ is_gap }} and {{ is_covered }} and ({{ decided_at }} is null or {{ decided_at }} < {{ turned_at }}) then 'closed'
        when {{ decided }} is not null then {{ decided }}
        when {{ is_gap }} then 'open'
    end
{%- endmacro %}

{#- What a difference between the rates at which shoppers buy costs the shop, never less than nothing (8.6); null where the difference
    or the value of an order is not known. -#}
{% macro at_stake(difference) -%}
    {{ as_amount(
        'case when ' ~ difference ~ ' > 0 then unanswered_shoppers * (' ~ difference ~ ') * average_order_value'
        ~ ' when ' ~ difference ~ ' <= 0 then 0 * average_order_value end'
    ) }}
{%- endmacro %}

{#- A share, null of nothing. -#}
{% macro share(part, whole) -%} cast({{ part }} as double) / nullif({{ whole }}, 0) {%- endmacro %}

{#- The lower or upper bound of Wilson's 95 % interval of a share; `sign` is - or +. Wilson 1927, JASA 22:209-212. What rounding
    carries past 0 or 1 is brought back. -#}
{% macro wilson_bound(part, whole, sign) -%}
    {%- set z = 'cast(1.959963984540054 as double)' -%}
    greatest(0, least(1, (
        2 * {{ part }} + {{ z }} * {{ z }}
        {{ sign }} {{ z }} * sqrt({{ z }} * {{ z }} + 4 * {{ part }} * (1 - {{ share(part, whole) }}))
    ) / (2 * ({{ whole }} + {{ z }} * {{ z }}))))
{%- endmacro %}

{#- The version of the grouping that the build before used; null in a full build. -#}
{% macro previous_topics_version() -%}
    (select versions.previous_version from {{ source('topics', 'topic_versions') }} as versions)
{%- endmacro %}
