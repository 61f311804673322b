{{ config(materialized='view') }}

-- Of each resolved conversation whose shopper is known: after what instant, and until when, another contact of the shopper is a
-- recontact (13.4), and by which keys of macro `contacts` that is found. Rows of accounts that were delivered before there was a
-- `recontact_days` have none: its default counts.
with resolved as (
    select
        conversations.account_id, conversations.conversation_id, conversations.profile_id, conversations.visitor_id,
        conversations.last_message_at as begins_after,
        {{ hours_later('conversations.closed_at', 'coalesce(accounts.recontact_days, 7) * 24') }} as ends_at
    from {{ ref('int_conversations') }} as conversations
    inner join {{ ref('int_accounts') }} as accounts
        on conversations.account_id = accounts.account_id
    where conversations.status = 'resolved' and coalesce(accounts.recontact_days, 7) > 0
)

select account_id, conversation_id, 'profile' as known_by, profile_id as shopper, begins_after, ends_at
from resolved
where profile_id is not null
union all
select
    account_id, conversation_id,
    case when profile_id is null then 'visitor' else 'visitor_only' end as known_by, visitor_id as shopper,
    begins_after, ends_at
from resolved
where visitor_id is not null
