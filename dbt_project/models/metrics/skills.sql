-- Every skill that is available or was ever used (6.4).
with used as (
    select
        account_id, skill,
        {{ as_integer('sum(messages)') }} as messages,
        count(*) filter (where is_first_date) as conversations
    from {{ ref('int_skill_usage') }}
    group by account_id, skill
),

listed as (
    select skills.account_id, skills.skill, skills.label, skills.is_available
    from {{ ref('stg_skills') }} as skills
    inner join {{ ref('int_accounts') }} as accounts
        on skills.account_id = accounts.account_id
)

select
    coalesce(listed.account_id, used.account_id) as account_id,
    coalesce(listed.skill, used.skill) as skill,
    coalesce(listed.label, listed.skill, used.skill) as label,
    coalesce(listed.is_available, false) as is_available,
    coalesce(used.messages, 0) as messages,
    coalesce(used.conversations, 0) as conversations
from listed
full outer join used
    on listed.account_id = used.account_id and listed.skill = used.skill
where listed.is_available or used.skill is not null
