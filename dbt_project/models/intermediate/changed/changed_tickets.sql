-- Tickets that may belong to another conversation than in the build before, or say something else (4.4); the conversation that they
-- belonged to, whose they were, and since when, is kept beside them. A set and its tables are joined by one column: platforms may
-- share a ticket's id.
{% if is_full_build() %}
select
    cast(null as {{ dbt.type_string() }}) as account_id,
    cast(null as {{ dbt.type_string() }}) as ticket_id,
    cast(null as {{ dbt.type_string() }}) as was_conversation_id,
    cast(null as {{ dbt.type_string() }}) as was_profile_id,
    cast(null as {{ physical_type('timestamp with time zone') }}) as was_created_at
where false
{% else %}
with matched as (
    select account_id, ticket_id, conversation_id, profile_id, created_at
    from {{ source('previous', 'int_tickets') }}
),

handoffs as (
    {{ changed_rows(ref('int_handoffs'), 'changed_threads') }}
),

steps as (
    {{ changed_rows(ref('stg_handoff_events'), 'changed_threads') }}
),

of_the_shopper as (
    select tickets.account_id, tickets.ticket_id
    from {{ ref('stg_tickets') }} as tickets
    inner join handoffs
        on
            tickets.account_id = handoffs.account_id
            and tickets.profile_id = handoffs.profile_id
            and {{ is_handed_off_near('handoffs.handed_off_at', 'tickets.created_at') }}
    union
    select tickets.account_id, tickets.ticket_id
    from {{ ref('stg_tickets') }} as tickets
    inner join {{ ref('int_email_profiles') }} as emails
        on tickets.account_id = emails.account_id and {{ email_key('tickets.email') }} = emails.email_key
    inner join handoffs
        on
            emails.account_id = handoffs.account_id
            and emails.profile_id = handoffs.profile_id
            and {{ is_handed_off_near('handoffs.handed_off_at', 'tickets.created_at') }}
    union
    select tickets.account_id, tickets.ticket_id
    from {{ ref('stg_tickets') }} as tickets
    inner join steps
        on
            tickets.account_id = steps.account_id
            and {{ email_key('tickets.email') }} = {{ email_key('steps.email') }}
    where steps.type = 'email_provided'
),

changed as (
    select account_id, ticket_id
    from {{ ref('stg_tickets') }}
    where {{ is_new() }}
    union
    select account_id, ticket_id
    from {{ ref('stg_tickets') }}
    where {{ has_come('created_at') }} or {{ has_come('first_human_reply_at') }} or {{ has_come('solved_at') }}
    union
    select tickets.account_id, tickets.ticket_id
    from {{ ref('stg_tickets') }} as tickets
    where
        {{ is_in('changed_accounts', ['tickets.account_id']) }}
        or {{ is_in('changed_threads', ['tickets.account_id', 'tickets.conversation_id']) }}
        or {{ is_in('changed_emails', ['tickets.account_id', email_key('tickets.email')]) }}
    union
    select matched.account_id, matched.ticket_id
    from matched
    where {{ is_in('changed_threads', ['matched.account_id', 'matched.conversation_id']) }}
    union
    select account_id, ticket_id
    from steps
    where ticket_id is not null
    union
    select account_id, ticket_id
    from of_the_shopper
)

select distinct
    changed.account_id, changed.ticket_id,
    matched.conversation_id as was_conversation_id,
    matched.profile_id as was_profile_id,
    matched.created_at as was_created_at
from changed
left join matched
    on
        changed.account_id = matched.account_id
        and changed.ticket_id = matched.ticket_id
{% endif %}
