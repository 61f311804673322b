{{ config(materialized='table', tags=['topics']) }}

-- What most questions of a topic are about (8.4); of kinds that are equally frequent the first of the contract.
-- Small talk says nothing of that, unless hardly anything else was asked.
with counted as (
    select
        account_id, topic_id, kind, count(*) as questions,
        sum(count(*)) over (partition by account_id, topic_id) as all_questions
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
                case when kind = 'other' and 4 * questions <= 3 * all_questions then 1 else 0 end,
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
