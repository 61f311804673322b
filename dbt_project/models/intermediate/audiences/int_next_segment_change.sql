{{ config(materialized='table', tags=['topics']) }}

-- The first instant after as-of at which time alone changes who is in a segment (1.3, 12.1).
-- depends_on: {{ ref('int_segment_matches') }}
select min(instant) as next_change_at
from ({{ laid_query('next_changes') }}) as ahead
