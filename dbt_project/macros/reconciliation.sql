{#- Conversations of the days that a reported figure is of, by a definition and a calendar (10.3). -#}
{% macro conversations_counted(definition, calendar, status=none) -%}
    coalesce(sum(days.conversations) filter (
        where days.definition = '{{ definition }}' and days.calendar = '{{ calendar }}'
        {%- if status %} and days.status = '{{ status }}'{% endif %}
    ), 0)
{%- endmacro %}

{#- A count, or of resolution_rate a share to 4 places, half up; null for the rate of nothing (6.2). -#}
{% macro as_statistic(volume, resolved) -%}
    cast(case statistic
        when 'volume' then {{ volume }}
        when 'resolution_rate' then floor(cast({{ resolved }} as double) * 10000 / nullif({{ volume }}, 0) + 0.5) / 10000
    end as decimal(18, 4))
{%- endmacro %}

{#- A source's own status as one of rule 3.5, as far as it says as much (10.3); other words stay. -#}
{% macro status_in_our_words(status) -%}
    {%- set resolved = ['resolved-by-ai', 'assumed_resolution', 'confirmed_resolution', 'conversation_bot_resolved', 'conversation_captain_resolved'] -%}
    {%- set routed = ['routed-to-team', 'escalated', 'procedure_handoff', 'conversation_bot_handoff', 'conversation_captain_handoff'] -%}
    {%- set open = ['negative_feedback', 'OPEN', 'pending'] -%}
    case
        {%- for ours, theirs in {'resolved': resolved, 'routed': routed, 'open': open}.items() %}
        when {{ status }} in ('{{ theirs | join("', '") }}') then '{{ ours }}'
        {%- endfor %}
        else {{ status }}
    end
{%- endmacro %}
