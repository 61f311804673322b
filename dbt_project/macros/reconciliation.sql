{#- Conversations of the days that a reported figure is of, by a definition and a calendar (10.3). -#}
{% macro conversations_counted(definition, date, status=none) -%}
    coalesce(sum(days.conversations) filter (
        where days.definition = '{{ definition }}' and days.{{ date }} between figures.first_on and figures.last_on
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
