{{ config(meta={'month_of': 'date'}) }}

-- How often a skill was used on a date (6.4).
with usage as (
    {{ changed_rows(ref('int_skill_usage'), 'changed_days') }}
)

select
    account_id, date, channel, skill,
    {{ as_integer('sum(messages)') }} as messages,
    count(distinct conversation_id) as conversations
from usage
group by account_id, date, channel, skill
