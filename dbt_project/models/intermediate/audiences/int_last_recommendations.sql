{{ config(materialized='table', tags=['topics']) }}

-- The last recommendation of each conversation with a known shopper, of the last 30 days, and when its follow-up is due (12.4).
with recommended as (
    select
        account_id, conversation_id,
        recommended_product_ids as product_ids,
        sent_at as recommended_at,
        row_number() over (partition by account_id, conversation_id order by position desc) as newest_first
    from {{ ref('messages') }}
    where
        sender = 'agent'
        and recommended_product_ids is not null
        and sent_at > {{ as_of() }} - interval '30' day
)

-- Rows of accounts that were delivered before there was a `follow_up_hours` have none: its default counts.
select
    recommended.account_id, recommended.conversation_id, profiles.profile_id,
    recommended.product_ids, recommended.recommended_at,
    {{ hours_later('recommended.recommended_at', 'coalesce(accounts.follow_up_hours, 2)') }} as due_at
from recommended
inner join {{ ref('conversations') }} as conversations
    on
        recommended.account_id = conversations.account_id
        and recommended.conversation_id = conversations.conversation_id
inner join {{ ref('profiles') }} as profiles
    on conversations.account_id = profiles.account_id and conversations.profile_id = profiles.profile_id
inner join {{ ref('int_accounts') }} as accounts
    on recommended.account_id = accounts.account_id
where recommended.newest_first = 1
