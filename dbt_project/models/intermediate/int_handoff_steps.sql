{{ config(meta={'changed_by': 'changed_conversations', 'month_of': 'occurred_at'}) }}

-- The hand-off events of every started conversation, and those that its tickets and our own deliveries stand for (3.4).
with steps as (
    {{ changed_rows(ref('stg_handoff_events'), 'changed_conversations') }}
),

conversations as (
    {{ changed_rows(ref('int_started_conversations'), 'changed_conversations') }}
),

tickets as (
    {{ changed_rows(ref('int_tickets'), 'changed_conversations') }}
),

handed_over as (
    {{ changed_rows(ref('int_handoffs_delivered'), 'changed_conversations') }}
),

delivered as (
    select
        steps.account_id, steps.handoff_event_id, steps.conversation_id,
        steps.type, steps.occurred_at, steps.reason, steps.platform, steps.ticket_id
    from steps
    inner join conversations
        on
            steps.account_id = conversations.account_id
            and steps.conversation_id = conversations.conversation_id
    where steps.occurred_at <= {{ as_of() }}
),

told_by_tickets as (
    select account_id, conversation_id, 'ticket_created' as type, created_at as occurred_at, platform, ticket_id
    from tickets
    where conversation_id is not null
    union all
    select account_id, conversation_id, 'human_joined' as type, first_human_reply_at as occurred_at, platform, ticket_id
    from tickets
    where conversation_id is not null and first_human_reply_at is not null
),

tickets_told as (
    select told.*
    from told_by_tickets as told
    left join delivered
        on
            told.account_id = delivered.account_id
            and told.conversation_id = delivered.conversation_id
            and told.type = delivered.type
            and told.platform = delivered.platform
            and told.ticket_id = delivered.ticket_id
    where delivered.account_id is null
),

-- What came of a hand-off of which our ledger alone knows is another ticket, as soon as anybody tells of one.
told_by_us as (
    select
        handed_over.account_id, handed_over.conversation_id,
        case handed_over.method when 'message' then 'message_sent' else 'ticket_created' end as type,
        handed_over.platform, handed_over.ticket_id, handed_over.delivered_at as occurred_at
    from handed_over
    inner join conversations
        on
            handed_over.account_id = conversations.account_id
            and handed_over.conversation_id = conversations.conversation_id
    where
        handed_over.delivered_at <= {{ as_of() }}
        and (
            handed_over.method = 'message'
            or not exists (
                select 1 from delivered
                where
                    delivered.account_id = handed_over.account_id
                    and delivered.conversation_id = handed_over.conversation_id
                    and delivered.type = 'ticket_created'
            )
            and not exists (
                select 1 from told_by_tickets as told
                where told.account_id = handed_over.account_id and told.conversation_id = handed_over.conversation_id
            )
        )
)

select *, false as is_derived
from delivered
union all
select
    account_id, {{ joined_id(['conversation_id', 'type', 'platform', 'ticket_id']) }} as handoff_event_id,
    conversation_id, type, occurred_at, cast(null as {{ dbt.type_string() }}) as reason, platform, ticket_id,
    true as is_derived
from tickets_told
union all
select
    account_id, {{ joined_id(['conversation_id', "'handed_over'"]) }} as handoff_event_id,
    conversation_id, type, occurred_at, cast(null as {{ dbt.type_string() }}) as reason, platform, ticket_id,
    true as is_derived
from told_by_us
