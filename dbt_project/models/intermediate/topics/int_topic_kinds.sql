{{ config(materialized='table', tags=['topics']) }}

-- What most questions of a topic are about (8.4); of kinds that are equally frequent the first of the contract.
with counted as (
    select account_id, topic_id, kind, count(*) as questions
    from {{ ref('knowledge_gap_questions') }}
    where topic_id is not null
    group by account_id, topic_id, kind
),

ranked as (
    select
        account_id, topic_id, kind,
        row_number() over (
            partition by account_id, topic_id
            order by
                questions desc,
                case kind
                    {%- for kind in ['knowledge', 'product', 'order', 'person', 'complaint'] %}
                    when '{{ kind }}' then {{ loop.index }}
                    {%- endfor %}
                    else 6
                end
        ) as place
    from counted
)

select account_id, topic_id, kind
from ranked
where place = 1
