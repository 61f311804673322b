{{ config(tags=['topics']) }}

-- What becomes of each recommendation, the first that holds (12.4). Nothing but what is `due` is to be sent.
with sent as (
    select account_id, conversation_id, min(sent_at) as sent_at
    from {{ source('lake', 'follow_ups_sent') }}
    where sent_at <= {{ as_of() }}
    group by account_id, conversation_id
),

orders as (
    select account_id, profile_id, max(placed_at) as last_placed_at
    from {{ ref('orders') }}
    group by account_id, profile_id
),

recommendations as (
    select
        *,
        row_number() over (
            partition by account_id, profile_id order by recommended_at desc, conversation_id desc
        ) as newest_first
    from {{ ref('int_last_recommendations') }}
),

judged as (
    select
        recommendations.*,
        sent.sent_at,
        case
            when sent.sent_at is not null then null
            when orders.last_placed_at > recommendations.recommended_at then 'order'
            when recommendations.newest_first > 1 then 'newer'
            when {{ hours_later('recommendations.due_at', 24) }} <= {{ as_of() }} then 'expired'
            else unreachable.reason
        end as reason
    from recommendations
    left join sent
        on
            recommendations.account_id = sent.account_id
            and recommendations.conversation_id = sent.conversation_id
    left join orders
        on recommendations.account_id = orders.account_id and recommendations.profile_id = orders.profile_id
    left join {{ ref('int_unreachable_profiles') }} as unreachable
        on recommendations.account_id = unreachable.account_id and recommendations.profile_id = unreachable.profile_id
)

select
    account_id, conversation_id, profile_id,
    product_ids, recommended_at, due_at,
    case
        when sent_at is not null then 'sent'
        when reason in ('order', 'newer', 'expired') then 'cancelled'
        when reason is not null then 'not_reachable'
        when due_at <= {{ as_of() }} then 'due'
        else 'waiting'
    end as state,
    reason, sent_at
from judged
