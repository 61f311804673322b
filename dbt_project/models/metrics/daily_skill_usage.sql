{{ config(meta={'changed_by': 'changed_days'}) }}

-- How often a skill was used on a date (6.4).
select
    account_id, date, channel, skill,
    cast(sum(messages) as bigint) as messages,
    count(distinct conversation_id) as conversations
from {{ ref('int_skill_usage') }} as usage
where
    true
    {{ only_changed('changed_days', ['usage.account_id', 'usage.date']) }}
group by account_id, date, channel, skill
