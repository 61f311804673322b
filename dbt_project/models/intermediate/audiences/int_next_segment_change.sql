{{ config(materialized='table', tags=['topics']) }}

-- The first instant after as-of at which time alone changes who is in a segment (1.3, 12.1).
-- depends_on: {{ ref('int_segment_matches') }}
with ahead as (
    {% for segment, query in laid_queries('next_query') -%}
    select instant
    from ({{ query }}) as next_of_{{ loop.index }}
    union all
    {% endfor -%}
    select cast(null as {{ physical_type('timestamp with time zone') }}) as instant
)

select min(instant) as next_change_at
from ahead
