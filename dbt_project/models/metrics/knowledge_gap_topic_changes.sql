{{ config(tags=['topics']) }}

-- Topics that were split, merged or ended (8.2), as far as as-of has come.
select
    changes.account_id, changes.change_id, changes.topic_id, changes.other_topic_id, changes.change, changes.changed_at
from {{ source('topics', 'topic_changes') }} as changes
inner join {{ ref('int_accounts') }} as accounts
    on changes.account_id = accounts.account_id
where changes.changed_at <= {{ as_of() }}
