{{ config(meta={'changed_by': 'changed_tickets', 'month_of': 'created_on'}) }}
{% set ticket = 'tickets.account_id, tickets.platform, tickets.ticket_id' %}
{% set handed_off_before %}
    tickets.account_id = handoffs.account_id
    and {{ is_handed_off_near('handoffs.handed_off_at', 'tickets.created_at') }}
{% endset %}
{% set nearness = 'greatest(handed_off_at, created_at) - least(handed_off_at, created_at)' %}

-- The tickets that count, each with its conversation and how that was found (4.4).
with delivered as (
    {{ changed_rows(ref('stg_tickets'), 'changed_tickets') }}
),

tickets as (
    select
        delivered.*,
        accounts.timezone, {{ email_key('delivered.email') }} as email_key, emails.profile_id as email_profile_id
    from delivered
    inner join {{ ref('int_accounts') }} as accounts
        on delivered.account_id = accounts.account_id
    left join {{ ref('int_email_profiles') }} as emails
        on delivered.account_id = emails.account_id and {{ email_key('delivered.email') }} = emails.email_key
    where delivered.created_at <= {{ as_of() }}
),

told as (
    select {{ ticket }}, 1 as way, 'conversation' as matched_by, tickets.conversation_id, tickets.created_at as happened_at, '' as id
    from tickets
    union all
    select
        {{ ticket }}, 2 as way, 'handoff_step' as matched_by, steps.conversation_id,
        steps.occurred_at as happened_at, steps.handoff_event_id as id
    from tickets
    inner join {{ ref('stg_handoff_events') }} as steps
        on
            tickets.account_id = steps.account_id
            and tickets.platform = steps.platform
            and tickets.ticket_id = steps.ticket_id
    where steps.occurred_at <= {{ as_of() }}
),

of_the_shopper as (
    select {{ ticket }}, 3 as way, 'profile' as matched_by, handoffs.conversation_id, handoffs.handed_off_at, tickets.created_at
    from tickets
    inner join {{ ref('int_handoffs') }} as handoffs
        on tickets.profile_id = handoffs.profile_id and {{ handed_off_before }}
    union all
    select {{ ticket }}, 4 as way, 'email' as matched_by, handoffs.conversation_id, handoffs.handed_off_at, tickets.created_at
    from tickets
    inner join {{ ref('int_handoffs') }} as handoffs
        on tickets.email_profile_id = handoffs.profile_id and {{ handed_off_before }}
    union all
    select {{ ticket }}, 4 as way, 'email' as matched_by, handoffs.conversation_id, handoffs.handed_off_at, tickets.created_at
    from tickets
    inner join {{ ref('stg_handoff_events') }} as steps
        on tickets.account_id = steps.account_id and tickets.email_key = {{ email_key('steps.email') }}
    inner join {{ ref('int_handoffs') }} as handoffs
        on steps.conversation_id = handoffs.conversation_id and {{ handed_off_before }}
    where
        steps.type = 'email_provided'
        and steps.occurred_at <= {{ as_of() }}
),

candidates as (
    select *, happened_at - happened_at as distance
    from told
    union all
    select
        account_id, platform, ticket_id, way, matched_by, conversation_id,
        handed_off_at as happened_at, conversation_id as id, {{ nearness }} as distance
    from of_the_shopper
),

ranked as (
    select
        candidates.*, conversations.profile_id,
        row_number() over (
            partition by candidates.account_id, candidates.platform, candidates.ticket_id
            order by candidates.way, candidates.distance, candidates.happened_at, candidates.id
        ) as candidate_rank
    from candidates
    inner join {{ ref('int_conversation_profiles') }} as conversations
        on
            candidates.account_id = conversations.account_id
            and candidates.conversation_id = conversations.conversation_id
)

select
    {{ ticket }}, ranked.conversation_id,
    coalesce(tickets.profile_id, tickets.email_profile_id, ranked.profile_id) as profile_id,
    tickets.status, tickets.satisfaction, tickets.reopen_count, ranked.matched_by,
    tickets.created_at, {{ local_date('tickets.created_at', 'tickets.timezone') }} as created_on,
    case when tickets.first_human_reply_at <= {{ as_of() }} then tickets.first_human_reply_at end as first_human_reply_at,
    case when tickets.solved_at <= {{ as_of() }} then tickets.solved_at end as solved_at
from tickets
left join ranked
    on
        tickets.account_id = ranked.account_id
        and tickets.platform = ranked.platform
        and tickets.ticket_id = ranked.ticket_id
        and ranked.candidate_rank = 1
